/**
 * The edge of the widget: does what the visitor and the page ask for, and turns what the world
 * answers into inputs of the reducer.
 */

import {
  type CallEndedData,
  type CallErrorData,
  ERROR_MESSAGES,
  type IdentifiedEvent,
  type Openness,
  type WidgetConfig,
  type WidgetErrorCode,
} from "@bellpush/protocol";
import type { Actions } from "./actions.ts";
import type { Call } from "./call/index.ts";
import type { Clock } from "./clock.ts";
import { codeOfMicrophone } from "./errors.ts";
import type { Events } from "./events.ts";
import { isOpen, nextChange } from "./hours.ts";
import { askMicrophone, microphoneAllowedByPage, startAudio } from "./microphone.ts";
import type { Session } from "./session.ts";
import { type CallState, callIdOf, INITIAL, type Input, reduce } from "./state.ts";
import { collect, summarize } from "./survey.ts";

/** How long the end of the call is shown before the survey takes its place. */
const SURVEY_AFTER_MS = 1500;
/** Browsers' timers end at 24 days, and clocks are set: the hours are looked at this often at least. */
const LOOK_MS = 60 * 60 * 1000;

export const MICROPHONE_ADVICE =
  'The page that embeds the call widget does not let it use the microphone; add allow="microphone; autoplay; clipboard-write" to the iframe and check the page\'s Permissions-Policy.';

export interface WidgetPorts {
  readonly config: WidgetConfig;
  readonly session: Session;
  readonly events: Events;
  readonly clock: Clock;
  readonly render: (state: CallState) => void;
  readonly later: (ms: number, run: () => void) => void;
  readonly warn: (sentence: string) => void;
}

export interface Widget {
  readonly actions: Actions;
  state(): CallState;
  /** The call that a submission is about, when there is one. */
  about(): { readonly callId?: string };
  /** When calls are taken again; null while they are, or when that is not known. */
  opensAt(): number | null;
  /** The server has told the hours anew. */
  learnHours(hours: Openness): void;
  /** A call asked for by the page: from wherever one can be started. */
  callFromPage(): void;
  /** The page goes away. */
  leave(): void;
}

export function createWidget(ports: WidgetPorts): Widget {
  const { config, session, events, clock, later, warn } = ports;
  let hours = config.hours;
  let state = isOpen(hours, clock.now()) ? INITIAL : reduce(INITIAL, { type: "close" });
  /** Names the hours that are followed, so that the timer of earlier ones does nothing. */
  let followed = 0;
  let call: Call | null = null;
  /** Names the present attempt, so that a call of before cannot speak into it. */
  let attempt = 0;

  function dispatch(input: Input): void {
    const next = reduce(state, input);
    if (next !== state) {
      const ended = next.name === "ended" && state.name !== "ended";
      state = next;
      ports.render(state);
      if (ended) {
        openSurveySoon();
      } else if (state.name === "idle") {
        keepHours();
      }
    }
  }

  /** Closes and opens by the hours; a call that goes on is left alone. */
  function keepHours(): void {
    const open = isOpen(hours, clock.now());
    if (open !== (state.name !== "closed")) {
      dispatch({ type: open ? "open" : "close" });
    }
  }

  function followHours(): void {
    followed += 1;
    const own = followed;
    keepHours();
    const now = clock.now();
    const next = nextChange(hours, now);
    if (next !== null) {
      later(Math.min(next - now, LOOK_MS), () => {
        if (own === followed) {
          followHours();
        }
      });
    }
  }

  function learnHours(learned: Openness): void {
    hours = learned;
    followHours();
    if (state.name === "closed") {
      // The next opening may have become another one.
      ports.render(state);
    }
  }

  function fail(code: WidgetErrorCode): void {
    const message = ERROR_MESSAGES[code];
    events.emit("call_error", { errorCode: code, errorMessage: message });
    dispatch({ type: "fail", code, message });
  }

  function warmUp(): void {
    void session.token();
    loadCall().catch(() => undefined);
  }

  function tap(): void {
    keepHours();
    if (state.name !== "idle") {
      return;
    }
    dispatch({ type: "tap" });
    attempt += 1;
    call = null;
    // Both within the tap: browsers tie the right to play sound to it.
    void begin(attempt, startAudio(), askMicrophone());
    warmUp();
  }

  async function begin(
    own: number,
    audio: HTMLAudioElement,
    asking: Promise<MediaStream>,
  ): Promise<void> {
    let microphone: MediaStream;
    try {
      microphone = await asking;
    } catch (error) {
      const code = codeOfMicrophone(error);
      if (code === "microphone_denied" && microphoneAllowedByPage() === null) {
        warn(MICROPHONE_ADVICE);
      }
      fail(code);
      return;
    }
    dispatch({ type: "phase", phase: "connecting", at: clock.now() });
    try {
      const { startCall } = await loadCall();
      call = startCall(microphone, audio, callPorts(own));
    } catch {
      for (const track of microphone.getTracks()) {
        track.stop();
      }
      fail("signaling_failed");
      return;
    }
    if (state.name === "calling" && state.leaving) {
      call.hangUp();
    }
  }

  function callPorts(own: number): Parameters<typeof import("./call/index.ts").startCall>[2] {
    const present = (input: Input) => {
      if (own === attempt) {
        dispatch(input);
      }
    };
    return {
      session,
      later,
      fetch: (...request) => fetch(...request),
      beacon: (path, body) => navigator.sendBeacon(path, body),
      onAccepted: (callId) => present({ type: "accept", callId }),
      onPhase: (phase) => present({ type: "phase", phase, at: clock.now() }),
      onEvent(event) {
        events.pass(event);
        const input = inputOf(event);
        if (input !== null) {
          present(input);
        }
      },
      onRefused({ code, detail }) {
        warn(`The call was not accepted: ${detail}.`);
        if (own === attempt) {
          fail(code);
        }
        if (code === "closed") {
          // The hours are others than this page was told.
          void session.renew(session.current() ?? "");
        }
      },
      onLost: () =>
        present({ type: "fail", code: "media_failed", message: ERROR_MESSAGES.media_failed }),
      onLeft() {
        const since = state.name === "calling" ? state.connectedAt : null;
        const seconds = since === null ? 0 : Math.floor((clock.now() - since) / 1000);
        present({ type: "hang_up", seconds, reason: "user_hangup" });
      },
    };
  }

  function openSurveySoon(): void {
    const ended = state;
    if (config.survey !== null) {
      later(SURVEY_AFTER_MS, () => {
        if (state === ended) {
          dispatch({ type: "open_survey" });
        }
      });
    }
  }

  function hangUp(): void {
    dispatch({ type: "leave" });
    if (state.name === "calling" && state.leaving) {
      call?.hangUp();
    }
  }

  function startOver(): void {
    dispatch({ type: "start_over" });
  }

  function about(): { readonly callId?: string } {
    const callId = callIdOf(state);
    return callId === null ? {} : { callId };
  }

  const actions: Actions = {
    warmUp,
    tap,
    hangUp,
    startOver,
    setMuted: (muted) => call?.setMuted(muted),
    sendDigit: (digit) => call?.sendDigit(digit),
    level: () => call?.level() ?? 0,
    quality: async () => (await call?.quality()) ?? null,
    retry() {
      if (state.name === "error" && state.code === "session_expired") {
        location.reload();
        return;
      }
      startOver();
      tap();
    },
    submitSurvey(answers, comment) {
      if (state.name !== "survey") {
        return;
      }
      const survey = collect(answers, comment);
      const summary = summarize(survey);
      events.emit("survey_submitted", summary, { survey, ...about() });
      dispatch({ type: "submit_survey", rating: summary.rating });
    },
    press(button) {
      events.emit("custom_button_clicked", { label: button.label, action: button.action }, about());
      switch (button.action) {
        case "copy":
          void copy(button.text);
          break;
        case "emit":
          events.emitCustom(button.name, button.data, about());
          break;
        case "link":
        case "call_phone":
        case "email":
          // The button is a link; the browser follows it.
          break;
      }
    },
  };

  followHours();
  return {
    actions,
    state: () => state,
    about,
    opensAt() {
      const now = clock.now();
      return isOpen(hours, now) ? null : nextChange(hours, now);
    },
    learnHours,
    callFromPage() {
      startOver();
      tap();
    },
    leave: () => call?.leave(),
  };
}

function loadCall(): Promise<typeof import("./call/index.ts")> {
  return import("./call/index.ts");
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

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without allow="clipboard-write" the old way still works within the tap.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "bp-announcement";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
