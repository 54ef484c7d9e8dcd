/**
 * Attempts at a call: from the tap, or from another page's call, to the live call.
 *
 * The screen's state says what is wished; whatever of a call is there by then is brought to it
 * (`fulfil`). Each attempt is a value of its own, so that one of before can't speak into the
 * present one.
 */

import {
  type AskSubject,
  type CallEndedData,
  type CallErrorData,
  type ContextPatch,
  ERROR_MESSAGES,
  type IdentifiedEvent,
  type PageAnswer,
  type SessionAnswer,
  type WidgetErrorCode,
} from "@bellpush/protocol";
import type { Call, CallPorts } from "./call/call.ts";
import type { Handover } from "./call/handover.ts";
import type { Given, Place } from "./call/placing.ts";
import type { Failure, Refusal } from "./errors.ts";
import type { Events } from "./events.ts";
import { advise, loadNeeded } from "./load.ts";
import {
  askMicrophone,
  browserFacts,
  canCall,
  createSilence,
  createVoice,
  microphoneAllowedByPage,
  startAudio,
  type Voice,
} from "./microphone.ts";
import type { Session } from "./session.ts";
import { type CallState, type Input, secondsOf } from "./state.ts";

/** How long the browser's question for the microphone is waited for. */
const PROMPT_MS = 2 * 60 * 1000;

/** A session with what is told by it. */
export interface Scope {
  readonly session: Session;
  readonly events: Events;
}

export interface AttemptPorts {
  /** The page's own, as of now. */
  readonly page: () => Scope;
  /** Asks the page; null from one that answers no such questions. */
  readonly ask: (subject: AskSubject) => Promise<PageAnswer | null>;
  /** Changes the context that the page's own scope has. */
  readonly changeContext: (patch: ContextPatch) => void;
  /** The scope of a session that the page's backend has made; null when it is not valid. */
  readonly scopeOfToken: (token: string) => Promise<Scope | null>;
  /** The scope of a call that another page began. */
  readonly scopeOf: (answer: SessionAnswer) => Scope;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  readonly later: (ms: number, run: () => void) => void;
  readonly warn: (sentence: string) => void;
  readonly state: () => CallState;
  readonly dispatch: (input: Input) => void;
  /** A call of another page goes on here. */
  readonly onTakenUp: (callId: string) => void;
  /** Has the visitor mend what was filled in, when that is what the server did not like. */
  readonly mend: (failure: Failure) => boolean;
  /** Keeps what the next page needs to go on with the call; null when there is nothing. */
  readonly keep: (handover: Handover | null) => void;
}

export interface Attempts {
  /** A new call, within a tap; the state is that of one. */
  begin(listening: boolean, given: Given): void;
  /** Goes on with a call of another page or tab; the state is that of one. */
  takeUp(handover: Handover): void;
  /** Brings the call to what the state says. */
  fulfil(): void;
  call(): Call | null;
  /** Whose call the state is about: another page may have begun it. */
  scope(): Scope;
  /** What another page needs to go on with the call; null when there is none. */
  handover(): Handover | null;
  /** Another page has the call now. */
  drop(): void;
}

interface Attempt {
  readonly voice: Voice;
  readonly from: Handover | null;
  scope: Scope;
  given: Given;
  call: Call | null;
}

export function createAttempts(ports: AttemptPorts): Attempts {
  const { now, later, warn, state, dispatch } = ports;
  let present: Attempt | null = null;

  const isPresent = (own: Attempt) => own === present && state().name === "calling";

  /** Begins another attempt, with a voice of its own. */
  function enter(from: Handover | null, given: Given = {}): Attempt {
    const own = { voice: createVoice(), from, scope: ports.page(), given, call: null };
    present = own;
    fulfil();
    return own;
  }

  function begin(listening: boolean, given: Given): void {
    const own = enter(null, given);
    const browser = browserFacts();
    if (!canCall(browser, !listening)) {
      void explained("browser_unsupported", (part) => part.unsupported(browser)).then((refusal) =>
        fail(own, refusal),
      );
      return;
    }
    loadCall().catch(() => undefined);
    // Within the tap: browsers tie the right to play sound to it.
    const audio = startAudio();
    void prepare(own, listening, audio);
  }

  /** The page's consent, the microphone, and then the call. */
  async function prepare(own: Attempt, listening: boolean, audio: HTMLAudioElement): Promise<void> {
    const consent = await ports.ask("beforecall");
    if (!isPresent(own)) {
      return;
    }
    if (consent?.allowed === false) {
      dispatch({ type: "cancel" });
      return;
    }
    if (consent?.context !== undefined) {
      ports.changeContext(consent.context);
      own.scope = ports.page();
    }
    const added = consent?.formValues ?? {};
    if (Object.keys(added).length > 0) {
      // What the visitor has written counts.
      own.given = { ...own.given, formValues: { ...added, ...own.given.formValues } };
    }
    const scoped = choose(own);
    const stream = await (listening ? createSilence() : question(own));
    if (stream === undefined || !isPresent(own)) {
      return;
    }
    own.voice.use(stream);
    advance(own, { type: "phase", phase: "connecting", at: now() });
    if (await scoped) {
      await connect(own, audio);
    } else {
      fail(own, { code: "session_expired", reason: null });
    }
  }

  /** Whose session it is: the page may give another one for each call. False when that is not valid. */
  async function choose(own: Attempt): Promise<boolean> {
    const given = await ports.ask("session");
    if (given === null) {
      void own.scope.session.token();
      return true;
    }
    // A page that wanted to give one and has none does not want the visitor's own.
    const scope = given.session === undefined ? null : await ports.scopeOfToken(given.session);
    own.scope = scope ?? own.scope;
    return scope !== null;
  }

  function takeUp(from: Handover): void {
    const own = enter(from);
    void connect(own, startAudio());
    // The far side is heard at once; the visitor, when the browser gives the microphone.
    askMicrophone().then(own.voice.use, () => advance(own, { type: "listen", listening: true }));
  }

  /** Asks for the microphone; undefined when the call has ended over it. */
  async function question(own: Attempt): Promise<MediaStream | undefined> {
    const askedAt = now();
    const waits = () => {
      const shown = state();
      return own === present && shown.name === "calling" && shown.phase === "requesting";
    };
    later(PROMPT_MS, () => {
      if (waits()) {
        fail(own, { code: "microphone_denied", reason: "unanswered" });
      }
    });
    try {
      const stream = await askMicrophone();
      if (waits()) {
        return stream;
      }
      // The visitor waits no more: what is allowed too late is let go.
      own.voice.stop();
      own.voice.use(stream);
    } catch (error) {
      const facts = { allowedByPage: microphoneAllowedByPage(), tookMs: now() - askedAt };
      const refusal = await explained("microphone_unavailable", (part) =>
        part.refusalOfMicrophone(error, facts),
      );
      if (waits()) {
        fail(own, refusal);
      }
    }
    return undefined;
  }

  async function connect(own: Attempt, audio: HTMLAudioElement): Promise<void> {
    try {
      const call = await loadCall();
      if (isPresent(own)) {
        own.call = call.startCall(callPorts(own, audio, placing(own, call)));
        fulfil();
      }
    } catch {
      refuse(own, { code: "signaling_failed", reason: null });
    }
  }

  function placing(own: Attempt, call: typeof import("./call/index.ts")): Place {
    if (own.from === null) {
      return call.placeAnew(own.scope.session, send, own.given);
    }
    return call.takeUp(own.from, own.scope.session, send, (answer) => {
      own.scope = ports.scopeOf(answer);
      return own.scope.session;
    });
  }

  function callPorts(own: Attempt, audio: HTMLAudioElement, place: Place): CallPorts {
    return {
      voice: own.voice,
      audio,
      session: own.scope.session,
      place,
      from: own.from,
      fetch: send,
      later,
      now,
      mediaDevices: navigator.mediaDevices,
      beacon: (path, body) => navigator.sendBeacon(path, body),
      onAccepted({ callId }) {
        advance(own, { type: "accept", callId });
        if (own.from !== null) {
          ports.onTakenUp(callId);
        }
      },
      onPhase: (phase) => advance(own, { type: "phase", phase, at: now() }),
      onFar: (told) => advance(own, { type: "far", told }),
      onEvent(event) {
        // A late word goes to where the call belongs, whatever is shown by then.
        own.scope.events.pass(event);
        const input = inputOf(event);
        if (input !== null) {
          advance(own, input);
        }
      },
      onRefused(failure) {
        const { code, detail } = failure;
        warn(`The call was not accepted: ${detail}.`);
        if (own.from === null && isPresent(own) && ports.mend(failure)) {
          dispatch({ type: "cancel" });
          return;
        }
        refuse(own, { code, reason: null });
        if (code === "closed") {
          // The hours are others than this page was told.
          const { session } = own.scope;
          void session.renew(session.current() ?? "");
        }
      },
      onCancelled: () => advance(own, { type: "cancel" }),
      onLost: () =>
        advance(own, {
          type: "fail",
          code: "media_failed",
          message: ERROR_MESSAGES.media_failed,
        }),
      onLeft: () =>
        advance(own, {
          type: "hang_up",
          seconds: secondsOf(state(), now()),
          reason: "user_hangup",
        }),
      onMicrophone: () => advance(own, { type: "listen", listening: false }),
      onSoundBlocked: (blocked) => advance(own, { type: "sound", blocked }),
      onWarning: (warning, raised) => advance(own, { type: "warn", warning, raised }),
      wishes() {
        const shown = state();
        return shown.name === "calling" ? shown : { muted: false, held: false, listening: false };
      },
      onHandover: () => own === present && ports.keep(handover()),
    };
  }

  function advance(own: Attempt, input: Input): void {
    if (own === present) {
      dispatch(input);
    }
  }

  /** A call that could not be placed has failed; one that could not be taken up is over, or elsewhere. */
  function refuse(own: Attempt, refusal: Refusal): void {
    if (own.from === null) {
      fail(own, refusal);
    } else {
      advance(own, { type: "cancel" });
    }
  }

  function fail(own: Attempt, { code, reason }: Refusal): void {
    if (!isPresent(own)) {
      return;
    }
    if (reason !== null) {
      advise(reason, warn);
    }
    const message = ERROR_MESSAGES[code];
    own.scope.events.emit("call_error", { errorCode: code, errorMessage: message });
    dispatch({ type: "fail", code, message, reason });
  }

  function fulfil(): void {
    const shown = state();
    if (present === null) {
      return;
    }
    if (shown.name !== "calling") {
      present.voice.stop();
      return;
    }
    present.voice.setMuted(shown.muted);
    if (shown.leaving) {
      if (present.call !== null) {
        present.call.hangUp();
      } else {
        // Nothing has left this page yet.
        dispatch({ type: "cancel" });
      }
    }
  }

  function handover(): Handover | null {
    const shown = state();
    const known = shown.name === "calling" ? present?.call?.handover() : null;
    if (shown.name !== "calling" || known == null) {
      return null;
    }
    const { muted, held } = shown;
    const since = shown.connectedAt === null ? null : now() - shown.connectedAt;
    // Whole seconds are enough, and stay the same from one look to the next.
    const connectedAt = since === null ? null : Math.round((Date.now() - since) / 1000) * 1000;
    return { ...known, connectedAt, muted, held };
  }

  return {
    begin,
    takeUp,
    fulfil,
    call: () => present?.call ?? null,
    scope: () => present?.scope ?? ports.page(),
    handover,
    drop() {
      present?.call?.drop();
      present = null;
    },
  };
}

const send: typeof fetch = (...request) => fetch(...request);

function loadCall(): Promise<typeof import("./call/index.ts")> {
  return loadNeeded(() => import("./call/index.ts"));
}

/** Why there can be no call; the code alone where what knows more can't be loaded. */
async function explained(
  code: WidgetErrorCode,
  find: (part: typeof import("./refusals.ts")) => Refusal,
): Promise<Refusal> {
  const part = await import("./refusals.ts").catch(() => null);
  return part === null ? { code, reason: null } : find(part);
}

/** What a server's event means for the screen. */
function inputOf({ event }: IdentifiedEvent): Input | null {
  switch (event.name) {
    case "call_ended": {
      const { duration, reason } = event.data as unknown as CallEndedData;
      return { type: "hang_up", seconds: duration, reason };
    }
    case "call_error": {
      const { errorCode, errorMessage } = event.data as unknown as CallErrorData;
      return { type: "fail", code: errorCode, message: errorMessage };
    }
    default:
      return null;
  }
}
