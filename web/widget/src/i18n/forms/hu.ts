/** Hungarian. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Mielőtt beszélnénk",
    submit: "Tovább",
    choose: "Kérjük, válasszon",
    changed: "Az űrlap megváltozott. Kérjük, nézze át újra.",
    required: "Kérjük, töltse ki.",
    invalid: "Ez nem lehet helyes. Kérjük, ellenőrizze.",
    short: (chars) => `Kérjük, írjon többet. Karakterek legalább: ${chars}.`,
    long: (chars) => `Kérjük, írjon kevesebbet. Karakterek legfeljebb: ${chars}.`,
    email: "Írjon be egy e-mail-címet, például nev@example.com.",
    phone: "Írjon be egy telefonszámot, például +1 555 0100.",
    either: "Adjon meg egy telefonszámot vagy egy e-mail-címet.",
  },
  consent: {
    required: "Kérjük, előbb fogadja el ezt.",
  },
  callback: {
    title: "Visszahívjuk?",
    text: "Hagyja meg a számát, és jelentkezünk.",
    phone: "Telefonszám",
    email: "E-mail-cím",
    time: "Mikor felel meg Önnek?",
    submit: "Visszahívást kérek",
    taken: "Köszönjük! Jelentkezni fogunk.",
    failed: "Nem sikerült elküldeni. Kérjük, próbálja újra kicsit később.",
  },
};

export default texts;
