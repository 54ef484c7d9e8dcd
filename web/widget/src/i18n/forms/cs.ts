/** Czech. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Než si promluvíme",
    submit: "Pokračovat",
    choose: "Vyberte prosím",
    changed: "Tento formulář se změnil. Projděte ho prosím znovu.",
    required: "Vyplňte prosím toto pole.",
    invalid: "To nebude správně. Zkontrolujte to prosím.",
    short: (chars) => `Napište prosím více. Nejméně znaků: ${chars}.`,
    long: (chars) => `Napište prosím méně. Nejvíce znaků: ${chars}.`,
    email: "Napište e-mailovou adresu, třeba jmeno@example.com.",
    phone: "Napište telefonní číslo, třeba +1 555 0100.",
    either: "Zadejte telefonní číslo nebo e-mailovou adresu.",
  },
  consent: {
    required: "Nejdřív s tím prosím souhlaste.",
  },
  callback: {
    title: "Máme vám zavolat zpět?",
    text: "Nechte nám číslo a ozveme se vám.",
    phone: "Telefonní číslo",
    email: "E-mailová adresa",
    time: "Kdy se vám to hodí?",
    submit: "Požádat o zavolání",
    taken: "Děkujeme! Ozveme se vám.",
    failed: "Nepodařilo se to odeslat. Zkuste to prosím za chvíli znovu.",
  },
};

export default texts;
