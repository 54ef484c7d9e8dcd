/** French. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Avant de nous parler",
    submit: "Continuer",
    choose: "Veuillez choisir",
    changed: "Ce formulaire a changé. Veuillez le relire.",
    required: "Veuillez remplir ce champ.",
    invalid: "Cela ne semble pas correct. Veuillez vérifier.",
    short: (chars) => `Veuillez écrire davantage. Caractères au minimum : ${chars}.`,
    long: (chars) => `Veuillez écrire moins. Caractères au maximum : ${chars}.`,
    email: "Saisissez une adresse e-mail comme nom@example.com.",
    phone: "Saisissez un numéro de téléphone comme +1 555 0100.",
    either: "Donnez-nous un numéro de téléphone ou une adresse e-mail.",
  },
  consent: {
    required: "Veuillez d’abord accepter ceci.",
  },
  callback: {
    title: "Voulez-vous que nous vous rappelions ?",
    text: "Laissez-nous votre numéro, nous vous recontacterons.",
    phone: "Numéro de téléphone",
    email: "Adresse e-mail",
    time: "Quand cela vous convient-il ?",
    submit: "Demander un rappel",
    taken: "Merci ! Nous vous recontacterons.",
    failed: "L’envoi n’a pas abouti. Veuillez réessayer dans un instant.",
  },
};

export default texts;
