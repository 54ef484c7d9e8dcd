/** Portuguese. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Antes de falarmos",
    submit: "Continuar",
    choose: "Escolha uma opção",
    changed: "Este formulário mudou. Reveja-o, por favor.",
    required: "Preencha este campo.",
    invalid: "Isto não parece correto. Verifique, por favor.",
    short: (chars) => `Escreva mais um pouco. Mínimo de carateres: ${chars}.`,
    long: (chars) => `Escreva um pouco menos. Máximo de carateres: ${chars}.`,
    email: "Escreva um e-mail como nome@example.com.",
    phone: "Escreva um número de telefone como +1 555 0100.",
    either: "Indique um número de telefone ou um e-mail.",
  },
  consent: {
    required: "Aceite isto primeiro, por favor.",
  },
  callback: {
    title: "Quer que lhe liguemos?",
    text: "Deixe-nos o seu número e entraremos em contacto.",
    phone: "Número de telefone",
    email: "Endereço de e-mail",
    time: "Quando lhe dá jeito?",
    submit: "Pedir uma chamada",
    taken: "Obrigado! Entraremos em contacto consigo.",
    failed: "Não foi possível enviar. Tente de novo dentro de momentos.",
  },
};

export default texts;
