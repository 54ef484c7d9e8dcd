/** The embedding page: who it is, what it is told, and what it may ask for. */

import {
  type AskMessage,
  type AskSubject,
  type CloseMessage,
  COMMANDS,
  type Command,
  type ContextPatch,
  type HandoverMessage,
  type IdentifiedEvent,
  type PageAnswer,
  type StateMessage,
  type Theme,
  type WidgetMessage,
  type WidgetState,
} from "@bellpush/protocol";

export interface Surroundings {
  /** `location.ancestorOrigins`, where the browser has it: nearest first. */
  readonly ancestors: readonly string[];
  readonly referrer: string;
  /** The widget's own address. */
  readonly address: string;
}

/**
 * The origin of the page around the widget, if it may embed it.
 *
 * A false claim gains nothing: the browser delivers a message to that origin alone.
 */
export function embeddingOrigin(
  surroundings: Surroundings,
  allowed: readonly string[],
): string | null {
  const nearest = surroundings.ancestors[0];
  if (nearest !== undefined) {
    return allowed.includes(nearest) ? nearest : null;
  }
  const claimed = new URL(surroundings.address).searchParams.get("origin");
  const candidates = [originOf(surroundings.referrer), claimed];
  return candidates.find((origin) => origin !== null && allowed.includes(origin)) ?? null;
}

function originOf(address: string): string | null {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}

export interface Parent {
  tell(event: IdentifiedEvent): void;
  /** What the visitor sees now; the same twice in a row is said once. */
  show(state: WidgetState): void;
  /** Gives the page what its next one needs to go on with the call. */
  keep(handover: string | null): void;
  /** The visitor wants the panel closed that the widget is in. */
  close(): void;
  /** Asks a page that answers such questions; null at once from one that does not. No answer is no. */
  ask(subject: AskSubject): Promise<PageAnswer | null>;
}

/** What of the page's commands is for the widget; the rest is about the asking itself. */
export type Wish = Exclude<Command, { readonly command: "attend" | "answer" }>;

/** The page has 10 s for its word, and what it needs for that has to be loaded: then no word comes. */
const PATIENCE_MS = 15_000;

/** Speaks with the embedding page, and with no other window. */
export function connectParent(
  own: Window,
  origin: string,
  obey: (wish: Wish) => void,
  later: (ms: number, run: () => void) => void,
): Parent {
  const waiting = new Map<number, (answer: PageAnswer) => void>();
  let attended: readonly AskSubject[] = [];
  let asked = 0;
  let shown = "";

  own.addEventListener("message", (message) => {
    if (message.source !== own.parent || message.origin !== origin) {
      return;
    }
    const command = readCommand(message.data);
    if (command === null) {
      return;
    }
    switch (command.command) {
      case "attend":
        attended = command.subjects;
        break;
      case "answer":
        waiting.get(command.id)?.(command.answer);
        waiting.delete(command.id);
        break;
      default:
        obey(command);
    }
  });

  const post = (content: object) =>
    own.parent.postMessage({ source: "bellpush", version: 1, ...content }, origin);
  return {
    tell: ({ id, event }) => post({ id, event } satisfies Content<WidgetMessage>),
    show(state) {
      const seen = JSON.stringify(state);
      if (seen !== shown) {
        shown = seen;
        post({ state } satisfies Content<StateMessage>);
      }
    },
    keep: (handover) => post({ handover } satisfies Content<HandoverMessage>),
    close: () => post({ close: true } satisfies Content<CloseMessage>),
    ask(subject) {
      if (!attended.includes(subject)) {
        return Promise.resolve(null);
      }
      asked += 1;
      const id = asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        later(PATIENCE_MS, () => resolve({ allowed: false }));
        post({ ask: { id, subject } } satisfies Content<AskMessage>);
      });
    },
  };
}

type Content<M> = Omit<M, "source" | "version">;

/** A command out of whatever the page has sent; null when it is none of ours. */
export function readCommand(data: unknown): Command | null {
  if (!isRecord(data) || data.source !== "bellpush" || data.version !== 1) {
    return null;
  }
  const { command } = data;
  switch (command) {
    case "mute":
      return typeof data.muted === "boolean" ? { command, muted: data.muted } : null;
    case "resume":
      return typeof data.handover === "string" ? { command, handover: data.handover } : null;
    case "context":
      return isPatch(data.patch) ? { command, patch: data.patch } : null;
    case "theme": {
      const theme = THEMES.find((known) => known === data.theme);
      return theme === undefined ? null : { command, theme };
    }
    case "language":
      return typeof data.language === "string" ? { command, language: data.language } : null;
    case "attend": {
      const named: readonly unknown[] = Array.isArray(data.subjects) ? data.subjects : [];
      return { command, subjects: SUBJECTS.filter((subject) => named.includes(subject)) };
    }
    case "answer":
      return typeof data.id === "number" && isAnswer(data.answer)
        ? { command, id: data.id, answer: data.answer }
        : null;
    default: {
      const plain = COMMANDS.find((known) => known === command);
      return plain === undefined ? null : { command: plain };
    }
  }
}

const THEMES: readonly Theme[] = ["light", "dark", "auto"];
const SUBJECTS: readonly AskSubject[] = ["beforecall", "session"];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPatch(value: unknown): value is ContextPatch {
  return (
    isRecord(value) &&
    Object.values(value).every((entry) => entry === null || typeof entry === "string")
  );
}

function isAnswer(value: unknown): value is PageAnswer {
  if (!isRecord(value)) {
    return false;
  }
  const { allowed, context, formValues, session } = value;
  return (
    typeof allowed === "boolean" &&
    (context === undefined || isPatch(context)) &&
    (formValues === undefined ||
      (isPatch(formValues) && !Object.values(formValues).includes(null))) &&
    (session === undefined || typeof session === "string")
  );
}
