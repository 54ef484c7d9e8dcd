// Generated from the Rust core by `cargo xtask generate`. Do not edit.

import type { Json } from "./wire.ts";

/** The names of the widget's own texts, which a design can show and put into other words. */
export const TEXT_KEYS = [
  "idle.title",
  "idle.text",
  "idle.call",
  "idle.hint",
  "closed.title",
  "closed.text",
  "closed.opens",
  "ended.title",
  "ended.thanks",
  "ended.duration",
  "ended.again",
  "survey.title",
  "survey.lowest",
  "survey.highest",
  "survey.submit",
  "submitted.title",
  "submitted.text",
  "submitted.again",
  "error.title",
  "error.message",
  "error.retry",
  "form.title",
  "form.submit",
  "form.required",
  "form.invalid",
  "consent.required",
  "callback.title",
  "callback.text",
  "callback.phone",
  "callback.email",
  "callback.time",
  "callback.submit",
  "callback.taken",
] as const;

/** Between braces: what the widget puts a value in place of. A text that is not here has none. */
export const TEXT_PLACEHOLDERS: { readonly [key: string]: string | undefined } = {
  "closed.opens": "moment",
  "ended.duration": "time",
};

/** What the widget of one app shows, in which colours and in which words. */
export interface Design {
  /** The languages of the design's own texts, as BCP 47 tags: 1 to 40. The first one stands in for all others. */
  readonly languages: readonly string[];
  /** What is shown in each state, from top to bottom. */
  readonly states: States;
  /** Other words for texts of the widget itself, by language and then by the text's name. */
  readonly texts: { readonly [key: string]: { readonly [key: string]: string } };
  /** Colours, shapes and type. */
  readonly theme: Theme;
  /** The version of this format: 1. */
  readonly version: 1;
}

/** What stands in a state. */
export type Block = {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** What it says: up to 200 characters. */
  readonly text: Text;
  readonly type: "heading";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Words with marks and links by language, up to 2,000 characters; instead of `text`. */
  readonly rich?: { readonly [key: string]: readonly Span[] } | null;
  /** One of the widget's own texts; instead of `rich`. */
  readonly text?: Text | null;
  readonly type: "paragraph";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** What it shows, for those who don't see it: up to 300 characters. */
  readonly alt: Text;
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Its `https:` address. */
  readonly src: string;
  readonly type: "image";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
  /** How wide it is, in CSS pixels: 16 to 640. */
  readonly width?: number | null;
} | {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  readonly type: "divider";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** How much. */
  readonly size: Size;
  readonly type: "spacer";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Small words under it: up to 300 characters. */
  readonly hint?: Text | null;
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** What is on it: up to 100 characters. */
  readonly label: Text;
  readonly type: "call";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** 1 to 20 fields. */
  readonly fields: readonly Field[];
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Above it: up to 200 characters. */
  readonly title?: Text | null;
  readonly type: "form";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** The field for a comment; none without it. */
  readonly comment?: SurveyComment | null;
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** 1 to 20 questions. */
  readonly questions: readonly SurveyQuestion[];
  /** How a rating is given. */
  readonly style: SurveyStyle;
  readonly type: "survey";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** What a tap does. */
  readonly effect: ButtonEffect;
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** What is on it: up to 100 characters. */
  readonly label: Text;
  readonly type: "button";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Other words for when nothing is known of the next opening: up to 300 characters. */
  readonly text?: Text | null;
  readonly type: "hours";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Whether it has to be accepted. */
  readonly mode: ConsentMode;
  /** What is consented to, by language, up to 2,000 characters. */
  readonly text: { readonly [key: string]: readonly Span[] };
  readonly type: "consent";
  /** The version of these words, as you name it: 1 to 64 characters. */
  readonly version: string;
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
} | {
  /** Whether the visitor can say when. */
  readonly askTime: boolean;
  /** By what the visitor is reached. */
  readonly contact: CallbackContact;
  /** Further fields, up to 20. */
  readonly fields?: readonly Field[];
  /** Names the block, once in the document: a letter, then up to 63 letters, digits, `-` or `_`. */
  readonly id?: string | null;
  /** Under that: up to 300 characters. */
  readonly text?: Text | null;
  /** Above it: up to 200 characters. */
  readonly title?: Text | null;
  readonly type: "callback";
  /** When it is shown; without it always. */
  readonly when?: Condition | null;
};

/** A button's action with what it acts on. */
export type ButtonEffect = {
  readonly action: "link";
  /** Where to. */
  readonly url: string;
} | {
  readonly action: "copy";
  /** What. */
  readonly text: string;
} | {
  readonly action: "call_phone";
  /** Digits, with an optional leading `+` and spaces, dots, dashes or brackets between. */
  readonly number: string;
} | {
  readonly action: "email";
  /** To whom. */
  readonly address: string;
} | {
  readonly action: "emit";
  /** The event's data, up to 8 KiB. */
  readonly data: { readonly [key: string]: Json };
  /** The event's name: a small letter, then small letters, digits and underscores. */
  readonly name: string;
};

/** By what a visitor is reached. */
export type CallbackContact = "phone" | "email" | "either";

/** A colour as `#rrggbb`. */
export type Color = string;

/** When a block is shown: when everything that is given here holds. A block without a condition is always shown in its state. */
export interface Condition {
  /** Only when the context has these values. */
  readonly context?: { readonly [key: string]: string };
  /** Only when the context has these keys, with any value. */
  readonly contextHas?: readonly string[];
  /** Only for visitors with one of these languages; `pt` stands for `pt-BR`, too. */
  readonly languages?: readonly string[];
  /** Only while calls are taken, or only while none are. */
  readonly open?: boolean | null;
}

/** Whether a consent has to be given. */
export type ConsentMode = "accept" | "notice";

/** A corner of the page, in the direction of its writing. */
export type Corner = "bottom-end" | "bottom-start" | "top-end" | "top-start";

/** How much room there is around things. */
export type Density = "comfortable" | "compact";

/** One field of a form. */
export interface Field {
  /** Small words under it: up to 300 characters. */
  readonly hint?: Text | null;
  /** What kind of value it takes. */
  readonly kind: FieldKind;
  /** Above it: up to 300 characters. */
  readonly label: Text;
  /** Characters of the value, at most: up to 2,000. */
  readonly maxLength?: number | null;
  /** Characters of the value, at least. */
  readonly minLength?: number | null;
  /** Names the value: a letter, then up to 63 letters, digits, `_`, `.` or `-`; once in the form. */
  readonly name: string;
  /** What can be chosen, of `select` fields: 1 to 100. */
  readonly options?: readonly FieldOption[];
  /** A regular expression for the whole value, of `text` fields: up to 300 characters, without look-around and back references. */
  readonly pattern?: string | null;
  /** Whether it has to be filled in; a checkbox, ticked. */
  readonly required: boolean;
}

/** What kind of value a field takes. */
export type FieldKind = "text" | "email" | "phone" | "select" | "checkbox" | "textarea";

/** Something that can be chosen. */
export interface FieldOption {
  /** What the visitor reads: up to 300 characters. */
  readonly label: Text;
  /** The value: 1 to 200 characters, once in the field. */
  readonly value: string;
}

/** The type. */
export interface Font {
  /** A font of one's own, before those. */
  readonly file: FontFile | null;
  /** Fonts that devices have. */
  readonly stack: FontStack;
}

/** A font of one's own. */
export interface FontFile {
  /** Its name: 1 to 64 letters, digits, spaces and dashes. */
  readonly family: string;
  /** A WOFF2 file at an `https:` address whose server allows other origins to load it (CORS). */
  readonly url: string;
}

/** Fonts that devices have. */
export type FontStack = "system" | "rounded" | "serif" | "mono";

/** The button in the page that opens the widget. */
export interface Launcher {
  /** Its sign. */
  readonly icon: LauncherIcon;
  /** Words beside the sign; without them they are its name for screen readers only. */
  readonly label: Text | null;
  /** Where it stands. */
  readonly position: Corner;
}

/** The sign of the launcher. */
export type LauncherIcon = "phone" | "headset" | "chat";

/** A picture above everything. */
export interface Logo {
  /** What it says, for those who don't see it. */
  readonly alt: Text;
  /** Its `https:` address. */
  readonly src: string;
}

/** The colours of one theme. Pairs that are used on each other need the contrast of WCAG 2.2 AA. */
export interface Palette {
  /** Buttons, links and signs. */
  readonly accent: Color;
  /** Behind everything. */
  readonly canvas: Color;
  /** Hanging up, and what went wrong. */
  readonly danger: Color;
  /** The edges of fields. */
  readonly line: Color;
  /** What stands on the accent. */
  readonly onAccent: Color;
  /** What stands on that. */
  readonly onDanger: Color;
  /** Behind fields and cards. */
  readonly surface: Color;
  /** Words. */
  readonly text: Color;
  /** Words of less weight. */
  readonly textSoft: Color;
}

/** How much room. */
export type Size = "small" | "medium" | "large";

/** A piece of a paragraph in one look. */
export interface Span {
  /** Whether they are bold. */
  readonly bold?: boolean;
  /** Where they lead: `https:`, `mailto:` or `tel:`. */
  readonly href?: string | null;
  /** Whether they are italic. */
  readonly italic?: boolean;
  /** The words. */
  readonly text: string;
}

/** The blocks of each state, up to 40. A call's own controls are always there while `calling`; blocks come under them. */
export interface States {
  /** A call is being made or is live. */
  readonly calling: readonly Block[];
  /** Outside business hours. */
  readonly closed: readonly Block[];
  /** The call was ended cleanly. */
  readonly ended: readonly Block[];
  /** The call failed. */
  readonly error: readonly Block[];
  /** Ready for a call. */
  readonly idle: readonly Block[];
  /** The survey is shown. */
  readonly survey: readonly Block[];
  /** The survey was submitted. */
  readonly survey_submitted: readonly Block[];
}

/** The field for a comment. */
export interface SurveyComment {
  /** Above it: up to 300 characters. */
  readonly label: Text;
}

/** One rating question. */
export interface SurveyQuestion {
  /** Names the question in answers: 1 to 64 characters, once in the survey. */
  readonly id: string;
  /** The question: up to 300 characters. */
  readonly label: Text;
}

/** How a rating from 1 to 5 is given. */
export type SurveyStyle = "stars" | "numbers" | "smileys";

/** A text: the name of one of the widget's own, which is there in all of its languages, or the design's own words by language. */
export type Text = TextKey | { readonly [key: string]: string };

/** The name of one of the widget's own texts. */
export type TextKey = "idle.title" | "idle.text" | "idle.call" | "idle.hint" | "closed.title" | "closed.text" | "closed.opens" | "ended.title" | "ended.thanks" | "ended.duration" | "ended.again" | "survey.title" | "survey.lowest" | "survey.highest" | "survey.submit" | "submitted.title" | "submitted.text" | "submitted.again" | "error.title" | "error.message" | "error.retry" | "form.title" | "form.submit" | "form.required" | "form.invalid" | "consent.required" | "callback.title" | "callback.text" | "callback.phone" | "callback.email" | "callback.time" | "callback.submit" | "callback.taken";

/** Colours, shapes and type. */
export interface Theme {
  /** The colours on dark. */
  readonly dark: Palette;
  /** How much room there is around things. */
  readonly density: Density;
  /** The type. */
  readonly font: Font;
  /** The button in the page that opens the widget. */
  readonly launcher: Launcher;
  /** The colours on light. */
  readonly light: Palette;
  /** A picture above everything while idle; without one the widget shows its own sign. */
  readonly logo: Logo | null;
  /** How round corners are, in CSS pixels: 0 to 32. */
  readonly radius: number;
}
