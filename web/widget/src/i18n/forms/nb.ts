/** Norwegian. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Før vi snakker",
    submit: "Fortsett",
    choose: "Velg",
    changed: "Skjemaet er endret. Se gjennom det på nytt.",
    required: "Fyll ut dette feltet.",
    invalid: "Dette kan ikke stemme. Kontroller det.",
    short: (chars) => `Skriv litt mer. Minste antall tegn: ${chars}.`,
    long: (chars) => `Skriv litt mindre. Største antall tegn: ${chars}.`,
    email: "Skriv en e-postadresse som navn@example.com.",
    phone: "Skriv et telefonnummer som +1 555 0100.",
    either: "Gi oss et telefonnummer eller en e-postadresse.",
  },
  consent: {
    required: "Godta dette først.",
  },
  callback: {
    title: "Skal vi ringe deg tilbake?",
    text: "Legg igjen nummeret ditt, så tar vi kontakt.",
    phone: "Telefonnummer",
    email: "E-postadresse",
    time: "Når passer det for deg?",
    submit: "Be om en samtale",
    taken: "Takk! Vi tar kontakt med deg.",
    failed: "Dette kunne ikke sendes. Prøv igjen om et øyeblikk.",
  },
};

export default texts;
