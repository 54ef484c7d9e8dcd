/** Finnish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Ennen kuin puhumme",
    submit: "Jatka",
    choose: "Valitse",
    changed: "Lomake on muuttunut. Käy se läpi uudelleen.",
    required: "Täytä tämä kohta.",
    invalid: "Tämä ei voi pitää paikkaansa. Tarkista se.",
    short: (chars) => `Kirjoita enemmän. Merkkejä vähintään: ${chars}.`,
    long: (chars) => `Kirjoita vähemmän. Merkkejä enintään: ${chars}.`,
    email: "Kirjoita sähköpostiosoite, esimerkiksi nimi@example.com.",
    phone: "Kirjoita puhelinnumero, esimerkiksi +1 555 0100.",
    either: "Anna meille puhelinnumero tai sähköpostiosoite.",
  },
  consent: {
    required: "Hyväksy tämä ensin.",
  },
  callback: {
    title: "Soitammeko sinulle takaisin?",
    text: "Jätä numerosi, niin otamme yhteyttä.",
    phone: "Puhelinnumero",
    email: "Sähköpostiosoite",
    time: "Milloin sinulle sopii?",
    submit: "Pyydä soittoa",
    taken: "Kiitos! Otamme sinuun yhteyttä.",
    failed: "Tätä ei voitu lähettää. Yritä hetken kuluttua uudelleen.",
  },
};

export default texts;
