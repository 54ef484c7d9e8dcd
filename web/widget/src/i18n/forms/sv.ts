/** Swedish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Innan vi pratar",
    submit: "Fortsätt",
    choose: "Välj",
    changed: "Formuläret har ändrats. Gå igenom det igen.",
    required: "Fyll i det här.",
    invalid: "Det här kan inte stämma. Kontrollera det.",
    short: (chars) => `Skriv lite mer. Minsta antal tecken: ${chars}.`,
    long: (chars) => `Skriv lite mindre. Största antal tecken: ${chars}.`,
    email: "Skriv en e-postadress som namn@example.com.",
    phone: "Skriv ett telefonnummer som +1 555 0100.",
    either: "Ge oss ett telefonnummer eller en e-postadress.",
  },
  consent: {
    required: "Godkänn detta först.",
  },
  callback: {
    title: "Ska vi ringa upp dig?",
    text: "Lämna ditt nummer så hör vi av oss.",
    phone: "Telefonnummer",
    email: "E-postadress",
    time: "När passar det dig?",
    submit: "Be om ett samtal",
    taken: "Tack! Vi hör av oss till dig.",
    failed: "Det gick inte att skicka. Försök igen om en stund.",
  },
};

export default texts;
