/** Italian. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Prima di parlarci",
    submit: "Continua",
    choose: "Scelga un’opzione",
    changed: "Il modulo è cambiato. Lo ricontrolli, per favore.",
    required: "Compili questo campo.",
    invalid: "Qualcosa non va. Lo controlli, per favore.",
    short: (chars) => `Scriva di più. Caratteri come minimo: ${chars}.`,
    long: (chars) => `Scriva di meno. Caratteri come massimo: ${chars}.`,
    email: "Scriva un indirizzo e-mail come nome@example.com.",
    phone: "Scriva un numero di telefono come +1 555 0100.",
    either: "Ci lasci un numero di telefono o un indirizzo e-mail.",
  },
  consent: {
    required: "Prima accetti questo, per favore.",
  },
  callback: {
    title: "Vuole che La richiamiamo?",
    text: "Ci lasci il Suo numero e La contatteremo.",
    phone: "Numero di telefono",
    email: "Indirizzo e-mail",
    time: "Quando Le va bene?",
    submit: "Richiedi una chiamata",
    taken: "Grazie! La contatteremo.",
    failed: "Invio non riuscito. Riprovi fra un momento.",
  },
};

export default texts;
