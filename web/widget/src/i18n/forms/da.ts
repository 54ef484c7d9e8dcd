/** Danish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Før vi taler sammen",
    submit: "Fortsæt",
    choose: "Vælg venligst",
    changed: "Formularen er ændret. Se den venligst igennem igen.",
    required: "Udfyld dette felt.",
    invalid: "Det kan ikke passe. Kontrollér det.",
    short: (chars) => `Skriv lidt mere. Mindste antal tegn: ${chars}.`,
    long: (chars) => `Skriv lidt mindre. Største antal tegn: ${chars}.`,
    email: "Skriv en e-mailadresse som navn@example.com.",
    phone: "Skriv et telefonnummer som +1 555 0100.",
    either: "Giv os et telefonnummer eller en e-mailadresse.",
  },
  consent: {
    required: "Acceptér dette først.",
  },
  callback: {
    title: "Skal vi ringe tilbage?",
    text: "Skriv dit nummer, så kontakter vi dig.",
    phone: "Telefonnummer",
    email: "E-mailadresse",
    time: "Hvornår passer det dig?",
    submit: "Bed om et opkald",
    taken: "Tak! Vi vender tilbage til dig.",
    failed: "Det kunne ikke sendes. Prøv igen om et øjeblik.",
  },
};

export default texts;
