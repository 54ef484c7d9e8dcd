/** Spanish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Antes de hablar",
    submit: "Continuar",
    choose: "Elija una opción",
    changed: "Este formulario ha cambiado. Revíselo de nuevo, por favor.",
    required: "Rellene este campo.",
    invalid: "Esto no parece correcto. Revíselo, por favor.",
    short: (chars) => `Escriba algo más. Caracteres como mínimo: ${chars}.`,
    long: (chars) => `Escriba algo menos. Caracteres como máximo: ${chars}.`,
    email: "Escriba un correo electrónico como nombre@example.com.",
    phone: "Escriba un número de teléfono como +1 555 0100.",
    either: "Déjenos un número de teléfono o un correo electrónico.",
  },
  consent: {
    required: "Acepte esto primero, por favor.",
  },
  callback: {
    title: "¿Quiere que le llamemos?",
    text: "Déjenos su número y nos pondremos en contacto.",
    phone: "Número de teléfono",
    email: "Correo electrónico",
    time: "¿Cuándo le viene bien?",
    submit: "Pedir una llamada",
    taken: "¡Gracias! Nos pondremos en contacto con usted.",
    failed: "No se ha podido enviar. Inténtelo de nuevo en un momento.",
  },
};

export default texts;
