/** Romanian. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Înainte de a vorbi",
    submit: "Continuați",
    choose: "Alegeți",
    changed: "Formularul s-a schimbat. Verificați-l din nou.",
    required: "Completați acest câmp.",
    invalid: "Nu pare corect. Verificați.",
    short: (chars) => `Scrieți mai mult. Caractere, minimum: ${chars}.`,
    long: (chars) => `Scrieți mai puțin. Caractere, maximum: ${chars}.`,
    email: "Scrieți o adresă de e-mail precum nume@example.com.",
    phone: "Scrieți un număr de telefon precum +1 555 0100.",
    either: "Lăsați-ne un număr de telefon sau o adresă de e-mail.",
  },
  consent: {
    required: "Mai întâi acceptați acest lucru.",
  },
  callback: {
    title: "Doriți să vă sunăm noi?",
    text: "Lăsați-ne numărul și vă vom contacta.",
    phone: "Număr de telefon",
    email: "Adresă de e-mail",
    time: "Când vă convine?",
    submit: "Cereți un apel",
    taken: "Vă mulțumim! Vă vom contacta.",
    failed: "Nu s-a putut trimite. Încercați din nou peste puțin timp.",
  },
};

export default texts;
