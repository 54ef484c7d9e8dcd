/** Polish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Zanim porozmawiamy",
    submit: "Dalej",
    choose: "Wybierz",
    changed: "Formularz się zmienił. Przejrzyj go jeszcze raz.",
    required: "Wypełnij to pole.",
    invalid: "To nie wygląda poprawnie. Sprawdź to.",
    short: (chars) => `Napisz więcej. Najmniej znaków: ${chars}.`,
    long: (chars) => `Napisz mniej. Najwięcej znaków: ${chars}.`,
    email: "Wpisz adres e-mail, na przykład imie@example.com.",
    phone: "Wpisz numer telefonu, na przykład +1 555 0100.",
    either: "Podaj numer telefonu lub adres e-mail.",
  },
  consent: {
    required: "Najpierw to zaakceptuj.",
  },
  callback: {
    title: "Czy mamy oddzwonić?",
    text: "Zostaw nam numer, a się odezwiemy.",
    phone: "Numer telefonu",
    email: "Adres e-mail",
    time: "Kiedy pasuje?",
    submit: "Poproś o telefon",
    taken: "Dziękujemy! Odezwiemy się.",
    failed: "Nie udało się tego wysłać. Spróbuj ponownie za chwilę.",
  },
};

export default texts;
