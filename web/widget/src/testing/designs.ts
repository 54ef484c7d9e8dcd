/** Designs for pictures and tests: the default one, and some that have more. */

import type { design } from "@bellpush/protocol";
import defaults from "../../../../crates/bellpush-core/schemas/design.default.json";

type Design = design.Design;
type States = design.States;

const plain = defaults as unknown as Design;

const PICTURE = (fill: string, text: string, [width, height]: readonly [number, number]) =>
  `https://picture.example/${width}x${height}/${fill}/${text}.svg`;

const survey = (style: design.SurveyStyle): States["survey"] => [
  { type: "heading", text: "survey.title" },
  {
    type: "survey",
    style,
    questions: [
      { id: "sound", label: { en: "How well did you hear us?" } },
      { id: "help", label: { en: "Did we help you?" } },
    ],
    comment: { label: { en: "Anything else?" } },
  },
];

const form: Design = {
  ...plain,
  languages: ["en"],
  states: {
    ...plain.states,
    idle: [
      { type: "heading", text: "idle.title" },
      { type: "paragraph", text: "idle.text" },
      {
        type: "form",
        fields: [
          { name: "name", kind: "text", label: { en: "Your name" }, required: true },
          {
            name: "email",
            kind: "email",
            label: { en: "E-mail" },
            hint: { en: "For the summary of our call." },
            required: true,
          },
          {
            name: "topic",
            kind: "select",
            label: { en: "What is it about?" },
            required: false,
            options: [
              { value: "order", label: { en: "An order" } },
              { value: "return", label: { en: "Sending something back" } },
            ],
          },
          {
            name: "more",
            kind: "textarea",
            label: { en: "Anything we should know?" },
            required: false,
          },
          { name: "news", kind: "checkbox", label: { en: "Keep me posted" }, required: false },
        ],
      },
      {
        type: "consent",
        version: "1",
        mode: "accept",
        text: {
          en: [
            { text: "I have read the " },
            { text: "privacy notice", href: "https://shop.example/privacy" },
            { text: ", and the call may be recorded." },
          ],
        },
      },
      { type: "call", label: "idle.call", hint: "idle.hint" },
    ],
    closed: [
      { type: "heading", text: "closed.title" },
      { type: "hours" },
      { type: "callback", contact: "either", askTime: true, text: "callback.text" },
    ],
    error: [
      { type: "heading", text: "error.title" },
      { type: "paragraph", text: "error.message" },
      { type: "call", label: "error.retry" },
      { type: "callback", contact: "phone", askTime: false },
    ],
    survey: survey("numbers"),
  },
};

const brand: Design = {
  ...plain,
  languages: ["en"],
  theme: {
    ...plain.theme,
    radius: 6,
    density: "compact",
    font: { stack: "serif", file: null },
    logo: { src: PICTURE("7a1f3d", "Maison", [180, 48]), alt: { en: "Maison" } },
    light: {
      accent: "#7a1f3d",
      onAccent: "#ffffff",
      danger: "#b3261e",
      onDanger: "#ffffff",
      canvas: "#fbf7f2",
      surface: "#fffdfa",
      text: "#261a17",
      textSoft: "#6a5750",
      line: "#8d7a72",
    },
    dark: {
      accent: "#f0a6bf",
      onAccent: "#3b0a1c",
      danger: "#ff8a80",
      onDanger: "#3a0502",
      canvas: "#1b1416",
      surface: "#261c1f",
      text: "#f7ecee",
      textSoft: "#c7b3b8",
      line: "#917c82",
    },
  },
  states: {
    ...plain.states,
    idle: [
      { type: "heading", text: { en: "A word with our atelier" } },
      {
        type: "paragraph",
        rich: {
          en: [
            { text: "We advise you on " },
            { text: "sizes, fabrics and alterations", bold: true },
            { text: ". Most questions are answered in " },
            { text: "our guide", href: "https://maison.example/guide" },
            { text: "." },
          ],
        },
      },
      { type: "call", label: { en: "Call the atelier" }, hint: "idle.hint" },
      { type: "divider" },
      {
        type: "button",
        label: { en: "Write to us instead" },
        effect: { action: "email", address: "atelier@maison.example" },
      },
    ],
    calling: [
      {
        type: "button",
        label: { en: "Price list" },
        effect: { action: "link", url: "https://maison.example/prices" },
      },
    ],
    survey: survey("smileys"),
  },
};

const blocks: Design = {
  ...plain,
  languages: ["en"],
  states: {
    ...plain.states,
    idle: [
      {
        type: "image",
        src: PICTURE("0b7367", "Our team", [320, 140]),
        alt: { en: "Our team" },
        width: 320,
      },
      { type: "heading", text: { en: "We are here for you, whatever the matter may be" } },
      { type: "heading", text: { en: "A smaller heading" } },
      {
        type: "paragraph",
        rich: { en: [{ text: "Gold members wait less.", italic: true }] },
        when: { context: { customerTier: "gold" } },
      },
      { type: "paragraph", rich: { en: [{ text: "Nobody sees this." }] }, when: { open: false } },
      { type: "spacer", size: "large" },
      { type: "call", label: "idle.call" },
      { type: "divider" },
      { type: "button", label: { en: "Copy the code" }, effect: { action: "copy", text: "A-1" } },
      {
        type: "button",
        label: { en: "Call us by phone" },
        effect: { action: "call_phone", number: "+1 555 0100" },
      },
      {
        type: "button",
        label: { en: "Open the shop" },
        effect: { action: "link", url: "https://shop.example" },
      },
    ],
  },
};

const asked: Design = {
  ...plain,
  languages: ["en"],
  states: {
    ...plain.states,
    survey: survey("stars"),
    ended: [
      ...plain.states.ended,
      {
        type: "button",
        label: { en: "Copy the code" },
        effect: { action: "copy", text: "A-12345" },
      },
    ],
  },
};

export const DESIGNS = { plain: asked, form, brand, blocks } as const;
