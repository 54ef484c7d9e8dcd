/** Messages between widget and server, and between windows. */

import type { Design } from "./design.ts";
import type { EventData, EventName, Phase, State } from "./generated.ts";

/** What the embedding page says about the visitor: on every event as `data.context`. */
export type Context = Readonly<Record<string, string>>;

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** What every audience receives: three fields, never another. */
export interface Envelope {
  readonly name: string;
  readonly data: { readonly context: Context; readonly [key: string]: Json };
  /** ISO 8601, UTC, with milliseconds. */
  readonly timestamp: string;
}

/** An envelope of the catalogue, with its fields by name. */
export type CatalogueEnvelope = {
  [N in EventName]: {
    readonly name: N;
    readonly data: EventData[N] & { readonly context: Context };
    readonly timestamp: string;
  };
}[EventName];

/** An envelope with its identity, a UUIDv7: the same at all audiences. */
export interface IdentifiedEvent {
  readonly id: string;
  readonly event: Envelope;
}

export type Theme = "light" | "dark" | "auto";

/** What the server writes into the widget's document (`#bellpush-config`). */
export interface WidgetConfig {
  readonly appId: string;
  readonly key: string;
  readonly preview: boolean;
  /** What a preview is begun with. */
  readonly previewToken?: string;
  readonly serverTime: string;
  /** The language that the address asks for; null: the visitor's own, or else the app's. */
  readonly language: string | null;
  readonly defaultLanguage: string;
  readonly theme: Theme;
  readonly context: Context;
  /** A session made by the integrator's backend; null: the widget asks for one. */
  readonly session: string | null;
  readonly destination: string | null;
  readonly allowedOrigins: readonly string[];
  /** What is shown: the published document, in a preview the draft, else what follows from the app's settings. */
  readonly design: ToldDesign;
  /** Goes back with calls, events and call-back requests; null for what is not published. */
  readonly designVersion: number | null;
  /** Whether it may show more than every widget can by itself: the part that draws that is then needed first. */
  readonly extras: boolean;
  /** The hash of the design's consent in each of its languages. */
  readonly consentHashes: Readonly<Record<string, string>>;
  /** The address of the custom code's document; null: the app has no code. */
  readonly codeUrl: string | null;
  readonly hours: OpeningStatus;
}

/** A design as the widget is told: without the theme that it has by itself. */
export type ToldDesign = Omit<Design, "theme"> & Partial<Pick<Design, "theme">>;

/** Whether calls are taken, and when that changes, in turn. */
export interface OpeningStatus {
  readonly open: boolean;
  readonly changes: readonly string[];
}

/** A server that helps media around a firewall, with credentials for a while. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

/** Body of `POST /v1/widget/sessions`. */
export interface SessionRequest {
  readonly appId: string;
  readonly key: string;
  readonly origin: string;
  readonly context: Context;
  readonly preview: boolean;
  readonly previewToken?: string;
  readonly destination: string | null;
  readonly proof?: Proof;
}

/** Work that the server wants to see first (ALTCHA): the number behind the salt that has this hash. */
export interface Challenge {
  readonly algorithm: "SHA-256";
  readonly challenge: string;
  readonly maxnumber: number;
  readonly salt: string;
  readonly signature: string;
}

export type Proof = Omit<Challenge, "maxnumber"> & { readonly number: number };

/** Answer of `POST /v1/widget/sessions` and `…/refresh`. */
export interface SessionAnswer {
  readonly token: string;
  readonly expiresAt: string;
  readonly serverTime: string;
  readonly context: Context;
  readonly preview: boolean;
  readonly hours: OpeningStatus;
  readonly iceServers: readonly IceServer[];
}

export interface SurveyAnswer {
  readonly questionId: string;
  /** 1 to 5. */
  readonly rating: number;
}

export interface SurveyAnswers {
  readonly answers: readonly SurveyAnswer[];
  readonly comment: string | null;
}

/** An event as the widget sends it to the server. */
export interface Submission extends IdentifiedEvent {
  readonly callId?: string;
  readonly survey?: SurveyAnswers;
}

/** Body of `POST /v1/widget/events`: 1 to 20 events. */
export interface SubmissionRequest {
  readonly designVersion?: number;
  readonly events: readonly Submission[];
}

/** What was filled in, by the fields' names. */
export type FormValues = Readonly<Record<string, string>>;

/** What the visitor consented to, by the hash of its words. */
export interface GivenConsent {
  readonly hash: string;
  /** False for words that are only shown. */
  readonly accepted: boolean;
}

/** Body of `POST /v1/calls` as JSON. */
export interface CallRequest {
  readonly sdp: string;
  readonly formValues?: FormValues;
  readonly consent?: GivenConsent;
  readonly designVersion?: number;
  /** The visitor's language, a BCP 47 tag. */
  readonly language?: string;
}

/** Why a visitor asks to be called back. */
export type CallbackReason = "closed" | "busy" | "unanswered" | "unreachable" | "other";

/** Body of `POST /v1/widget/callbacks`. */
export interface CallbackRequest {
  readonly reason: CallbackReason;
  readonly formValues: FormValues;
  readonly callId?: string;
  readonly designVersion?: number;
  readonly language?: string;
}

/** Its answer. */
export interface CallbackAccepted {
  readonly requestId: string;
  /** `callback_requested`, as the server has it. */
  readonly event: IdentifiedEvent;
}

/** An error of the server (RFC 9457). */
export interface Problem {
  /** `urn:bellpush:problem:<slug>` */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** JSON pointer to the field that caused it. */
  readonly pointer?: string;
  /** With `challenge`: what is to be done first. */
  readonly challenge?: Challenge;
  /** With `misdirected`: the address to be asked. */
  readonly address?: string;
}

/** What a far side lets the visitor know of a call. */
export type CallNotice =
  | {
      readonly kind: "queued";
      /** The place in the queue, from 1; null where it is not told. */
      readonly position: number | null;
      readonly waitSeconds: number | null;
    }
  | { readonly kind: "transferred" };

/** A message of `GET /v1/calls/{callId}/events`; ids ascend within a call. */
export type CallMessage = { readonly id: number } & (
  | { readonly type: "progress"; readonly data: { readonly phase: Phase } }
  | { readonly type: "hold"; readonly data: { readonly held: boolean } }
  | { readonly type: "notice"; readonly data: { readonly notice: CallNotice } }
  | { readonly type: "event"; readonly data: IdentifiedEvent }
  /** The call's server stops: the widget takes the call up at another one, by the public address. */
  | { readonly type: "move"; readonly data: Readonly<Record<string, never>> }
);

/** Body of `POST /v1/calls/{callId}/resume`. */
export interface ResumeRequest {
  /** Of the page, or the connection, before; it works once. */
  readonly resumeToken: string;
  readonly sdp: string;
  /** Whichever server is asked has the call from then on, wherever it was. */
  readonly takeOver?: boolean;
  /** Asked again: the server that has answered this very request, and has the call, can't be reached. */
  readonly unreachable?: boolean;
}

/** Its answer. */
export interface CallResumed {
  readonly callId: string;
  readonly sdp: string;
  readonly resumeToken: string;
  readonly session: SessionAnswer;
  /** Where the call is from now on, as `Location` says it; older servers don't. */
  readonly address?: string;
}

/** The same as a poll's answer (`Accept: application/json`, `?after=<id>`). */
export interface CallMessagePage {
  readonly messages: readonly CallMessage[];
  readonly done: boolean;
}

/** From the widget to the embedding page, by `postMessage`: an event. */
export interface WidgetMessage extends IdentifiedEvent {
  readonly source: "bellpush";
  readonly version: 1;
}

/** What the visitor sees, as the embedding page is told of it. */
export interface WidgetState {
  readonly name: State;
  /** While `calling`; else null. */
  readonly phase: Phase | null;
  readonly muted: boolean;
  readonly held: boolean;
  /** Whole seconds since both sides first heard each other; 0 before. */
  readonly seconds: number;
}

/** Beside the events: the state, once after `widget_loaded` and at every change. */
export interface StateMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly state: WidgetState;
}

/**
 * From the widget to the embedding page: what the next page of the site needs to go on with the
 * call, to be given back as it is (`resume`); null when there is nothing to go on with.
 */
export interface HandoverMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly handover: string | null;
}

/** What the widget waits for before a call: the page's consent, and then a session's token. */
export type AskSubject = "beforecall" | "session";

/** A question to the page, which has said by `attend` that it answers such; the answer names its id. */
export interface AskMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly ask: { readonly id: number; readonly subject: AskSubject };
}

/** The visitor pressed Escape in the widget: the page closes the panel that it is in. */
export interface CloseMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly close: true;
}

/** Plain wishes. */
export const COMMANDS = ["call", "hangup", "open", "close"] as const;

/** A change of the context: a key with null is taken out. */
export type ContextPatch = Readonly<Record<string, string | null>>;

/** What the page answers to an `ask`. A call without consent is not made. */
export interface PageAnswer {
  readonly allowed: boolean;
  readonly context?: ContextPatch;
  /** Go with the call, as if the visitor had filled them in. */
  readonly formValues?: FormValues;
  /** The session to call with, `st_…`. */
  readonly session?: string;
}

export type Command =
  | { readonly command: (typeof COMMANDS)[number] }
  | { readonly command: "mute"; readonly muted: boolean }
  /** Goes on with the call that another page's widget has handed over. */
  | { readonly command: "resume"; readonly handover: string }
  /** Taken until a call starts. */
  | { readonly command: "context"; readonly patch: ContextPatch }
  | { readonly command: "theme"; readonly theme: Theme }
  | { readonly command: "language"; readonly language: string }
  /** Which questions the page answers from now on. */
  | { readonly command: "attend"; readonly subjects: readonly AskSubject[] }
  | { readonly command: "answer"; readonly id: number; readonly answer: PageAnswer };

/** What of a state an example of it shows. */
export interface Example {
  /** Of `calling`; connected without it. */
  readonly phase?: Phase;
  readonly held?: boolean;
  readonly muted?: boolean;
  /** A warning of a call, as the widget names it. */
  readonly warning?: string;
  /** The code of an `error`. */
  readonly code?: string;
}

/** What a designer tells a preview that it shows, from the server's own pages alone. */
export type DesignerCommand =
  /** Shows this document from now on. */
  | { readonly command: "design"; readonly design: Design; readonly revision?: number }
  /** Shows a state as it looks; null: what the widget is in. */
  | { readonly command: "show"; readonly state: State | null; readonly example?: Example }
  /** Whether taps choose what is tapped, and do nothing else. */
  | { readonly command: "pick"; readonly picking: boolean };

/** What a preview tells its designer. */
export type DesignerReport =
  /** Takes commands from now on. */
  | { readonly name: "ready" }
  /** A document is shown. */
  | { readonly name: "shown"; readonly revision: number }
  /** The widget's own texts in the language that it speaks now, by their names. */
  | { readonly name: "words"; readonly words: Readonly<Record<string, string>> }
  /** Keys of the designer's were pressed in the frame. */
  | { readonly name: "history"; readonly step: "undo" | "redo" }
  /** What was tapped, and where it stands in the frame. */
  | ({ readonly name: "picked" } & Picked);

export interface Picked {
  readonly state: State;
  /** The place of the block in its state. */
  readonly block: number;
  /** The text in the block; null: the block as a whole. */
  readonly path: readonly (string | number)[] | null;
  readonly box: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  /** How it looks: CSS values. */
  readonly font: string;
  readonly color: string;
  readonly align: string;
}

/** From a preview to the designer around it, by `postMessage`. */
export interface DesignerMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly designer: DesignerReport;
}

export type ConsoleLevel = "log" | "info" | "debug" | "warn" | "error";

/** From custom code in a preview to Call Studio around it, by `postMessage`: what it says. */
export interface ConsoleMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly console: { readonly level: ConsoleLevel; readonly text: string };
}

/** From Call Studio to custom code in a preview, by `postMessage`: an event that only it hears. */
export interface SampleMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly sample: IdentifiedEvent;
}

/** From the embedding page to the widget, by `postMessage`. */
export type CommandMessage = { readonly source: "bellpush"; readonly version: 1 } & Command;
