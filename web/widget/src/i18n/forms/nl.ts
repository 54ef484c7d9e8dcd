/** Dutch. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Voordat we praten",
    submit: "Doorgaan",
    choose: "Maak een keuze",
    changed: "Dit formulier is gewijzigd. Kijk het nog eens na.",
    required: "Vul dit in.",
    invalid: "Dit kan niet kloppen. Controleer het.",
    short: (chars) => `Schrijf iets meer. Tekens minimaal: ${chars}.`,
    long: (chars) => `Schrijf iets minder. Tekens maximaal: ${chars}.`,
    email: "Schrijf een e-mailadres zoals naam@example.com.",
    phone: "Schrijf een telefoonnummer zoals +1 555 0100.",
    either: "Geef ons een telefoonnummer of een e-mailadres.",
  },
  consent: {
    required: "Ga hier eerst mee akkoord.",
  },
  callback: {
    title: "Zullen wij u terugbellen?",
    text: "Laat uw nummer achter, dan nemen we contact op.",
    phone: "Telefoonnummer",
    email: "E-mailadres",
    time: "Wanneer schikt het u?",
    submit: "Vraag om een telefoontje",
    taken: "Bedankt! We nemen contact met u op.",
    failed: "Dit kon niet worden verstuurd. Probeer het zo opnieuw.",
  },
};

export default texts;
