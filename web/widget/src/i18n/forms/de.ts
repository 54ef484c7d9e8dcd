/** German. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Bevor wir sprechen",
    submit: "Weiter",
    choose: "Bitte auswählen",
    changed: "Das Formular hat sich geändert. Bitte sehen Sie es noch einmal durch.",
    required: "Bitte füllen Sie das aus.",
    invalid: "Das kann nicht stimmen. Bitte prüfen Sie es.",
    short: (chars) => `Bitte schreiben Sie mehr. Zeichen mindestens: ${chars}.`,
    long: (chars) => `Bitte schreiben Sie weniger. Zeichen höchstens: ${chars}.`,
    email: "Schreiben Sie eine E-Mail-Adresse wie name@example.com.",
    phone: "Schreiben Sie eine Telefonnummer wie +1 555 0100.",
    either: "Nennen Sie uns eine Telefonnummer oder eine E-Mail-Adresse.",
  },
  consent: {
    required: "Bitte stimmen Sie dem erst zu.",
  },
  callback: {
    title: "Sollen wir Sie zurückrufen?",
    text: "Hinterlassen Sie uns Ihre Nummer, und wir melden uns.",
    phone: "Telefonnummer",
    email: "E-Mail-Adresse",
    time: "Wann passt es Ihnen?",
    submit: "Um Rückruf bitten",
    taken: "Danke! Wir melden uns bei Ihnen.",
    failed: "Das konnte nicht gesendet werden. Bitte versuchen Sie es gleich noch einmal.",
  },
};

export default texts;
