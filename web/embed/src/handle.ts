/** What a page holds in its hand: types of the handle and of what its handlers get. */

import type {
  CatalogueEnvelope,
  Context,
  ContextPatch,
  Envelope,
  EventName,
  Theme,
  WidgetState,
} from "@bellpush/protocol";

/** An event with its identity: the id is the same as at the integrations. */
export type BellpushEvent<E = Envelope> = E & { readonly id: string };

/** What a `beforecall` handler gets. */
export interface BeforeCall {
  readonly name: "beforecall";
  /** As the page has given it. */
  readonly context: Context;
}

/** What a `beforecall` handler may answer: `false` keeps the call from being made. */
export type BeforeCallAnswer =
  | boolean
  | undefined
  | {
      /** Added to the context; a key with null is taken out. */
      readonly context?: ContextPatch;
      /** Go with the call into its record, as if the visitor had filled them in. */
      readonly formValues?: Readonly<Record<string, string>>;
    };

export type EventOf<N extends string> = N extends "state"
  ? WidgetState
  : N extends "beforecall"
    ? BeforeCall
    : N extends EventName
      ? BellpushEvent<Extract<CatalogueEnvelope, { name: N }>>
      : BellpushEvent;

export type Handler<N extends string = string> = (
  event: EventOf<N>,
) => N extends "beforecall" ? BeforeCallAnswer | Promise<BeforeCallAnswer> : unknown;

/** A handler of the page. */
export interface Entry {
  readonly name: string;
  handler(event: unknown): unknown;
  /** What the page knows the handler by. */
  readonly known: unknown;
}

/** Whether something was done, and if not, why. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface Handle {
  /**
   * Calls `handler` at each event of this name, at every one with `"*"`, at each change of the state
   * with `"state"`, and before a call with `"beforecall"`; returns how to stop it.
   */
  on<N extends string>(name: N, handler: Handler<N>): () => void;
  off<N extends string>(name: N, handler: Handler<N>): void;
  /** Calls `handler` at the next such event alone. */
  once<N extends string>(name: N, handler: Handler<N>): () => void;
  /** Opens the panel of a floating button. */
  open(): void;
  close(): void;
  /** Starts a call; best within a tap, since browsers ask for the microphone. */
  call(): void;
  hangup(): void;
  /** Without an argument: mutes. */
  mute(muted?: boolean): void;
  /** Changes the context, until a call starts; a key with null is taken out. */
  setContext(patch: ContextPatch): Outcome;
  setTheme(theme: Theme): void;
  setLanguage(language: string): void;
  /** What the visitor sees now. */
  readonly state: WidgetState;
  /** Takes the widget out of the page; a live call ends at once. */
  destroy(): void;
}
