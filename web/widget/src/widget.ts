/**
 * The edge of the widget: does what the visitor and the page ask for, and turns what the world
 * answers into inputs of the reducer.
 */

import {
  type ContextPatch,
  ERROR_MESSAGES,
  type Json,
  type OpeningStatus,
  type WidgetConfig,
  type WidgetState,
} from "@bellpush/protocol";
import type { Actions } from "./actions.ts";
import type { AttemptPorts, Attempts, Scope } from "./attempts.ts";
import type { Handover } from "./call/handover.ts";
import type { Given } from "./call/placing.ts";
import type { Clock } from "./clock.ts";
import type { Audience } from "./events.ts";
import { isOpen, nextChange } from "./hours.ts";
import { onMicrophoneAllowed, startAudio } from "./microphone.ts";
import type { Parts } from "./parts.ts";
import { type CallState, callIdOf, describe, INITIAL, type Input, reduce } from "./state.ts";
import type { Tabs, TabsPorts } from "./tabs.ts";

/** How long the end of the call is shown before the survey takes its place. */
const SURVEY_AFTER_MS = 1500;
/** Browsers' timers end at 24 days, and clocks are set: the hours are looked at this often at least. */
const LOOK_MS = 60 * 60 * 1000;
const SECOND_MS = 1000;
/** For how long after a refusal the call begins by itself when the microphone is allowed after all. */
const WAITS_MS = 5 * 60 * 1000;
/** Another tab that has the call says so within this time. */
const OTHER_TAB_MS = 100;

export interface WidgetPorts
  extends Pick<
    AttemptPorts,
    "scopeOf" | "scopeOfToken" | "ask" | "mend" | "now" | "later" | "warn"
  > {
  /** The page's own scope, with the context that is known at first. */
  readonly page: Scope;
  /** The same with another context; null where a backend's session has the last word on it. */
  readonly scopeOfContext: (patch: ContextPatch) => Scope | null;
  readonly config: WidgetConfig;
  readonly clock: Clock;
  readonly render: (state: CallState) => void;
  /** Tells the page what the visitor sees; the same twice in a row is said once. */
  readonly show: (state: WidgetState) => void;
  readonly loadParts: () => Promise<Parts>;
  /** What goes with a call; null when the visitor has to fill in something first. */
  readonly collect: () => Given | null;
  /** Whether there are questions to ask after a call. */
  readonly hasSurvey: () => boolean;
  /** Keeps what the next page needs to go on with the call; null when there is nothing. */
  readonly keep: (handover: Handover | null) => void;
}

export interface Widget {
  readonly actions: Actions;
  state(): CallState;
  emitCustom(name: string, data: { readonly [key: string]: Json }, except: Audience): void;
  /** The page's own scope as of now, and the call that the state is about. */
  page(): Scope;
  /** The scope of what is told now: that of the call that the state is about, or else the page's own. */
  scope(): Scope;
  /** Whether calls are taken. */
  isOpen(): boolean;
  /** When calls are taken again; null while they are, or when that is not known. */
  opensAt(): number | null;
  /** The server has told the hours anew. */
  learnHours(hours: OpeningStatus): void;
  /** The page knows more of its visitor; taken until a call starts. */
  changeContext(patch: ContextPatch): void;
  /** Speaks with the visitor's other tabs from now on. */
  connectTabs(connect: (ports: TabsPorts) => Tabs): void;
  /** A call asked for by the page: from wherever one can be started. */
  callFromPage(): void;
  /** Goes on with the call of the page before, unless another tab has it. */
  resume(handover: Handover): void;
  /** The browser has a network again. */
  online(): void;
  /** The page goes away. */
  leave(): void;
  /** The page has closed the panel: nobody waits before it. */
  close(): void;
  /** The page is back, as it was when it was left. */
  comeBack(): void;
}

export function createWidget(ports: WidgetPorts): Widget {
  const { config, clock, later, now, warn } = ports;
  let { page } = ports;
  let hours = config.hours;
  let state = isOpen(hours, clock.now()) ? INITIAL : reduce(INITIAL, { type: "close" });
  /** Names the hours that are followed, so that the timer of earlier ones does nothing. */
  let followed = 0;
  let ticking = false;
  /** Counts the calls that were begun, so that what is late for one does not begin another. */
  let begun = 0;

  /** null until it is loaded; what is wished until then stands in the state. */
  let attempts: Attempts | null = null;
  let tabs: Tabs | null = null;
  /** The visitor is in a call in another tab, whatever is shown here meanwhile. */
  let elsewhere = false;
  /** Until when the visitor, who has refused the microphone here, may be taken to wait for the call. */
  let waitsUntil = 0;
  const waitNoMore = () => {
    waitsUntil = 0;
  };
  const tabsPorts: TabsPorts = {
    later,
    onElsewhere,
    give: () => attempts?.handover() ?? null,
    onGiven: resume,
    onTaken(callId) {
      const own = callId === callIdOf(state);
      if (own) {
        attempts?.drop();
        elsewhere = true;
        dispatch({ type: "move" });
      }
      return own;
    },
    onRefused: waitNoMore,
  };

  function onElsewhere(is: boolean): void {
    elsewhere = is;
    dispatch({ type: "elsewhere", elsewhere });
  }

  function dispatch(input: Input): void {
    const before = state;
    state = reduce(reduce(state, input), { type: "elsewhere", elsewhere });
    if (state === before) {
      return;
    }
    const own = state;
    if (attempts !== null) {
      attempts.fulfil();
    } else if (state.name === "calling" && state.leaving) {
      // Nothing has left this page yet.
      dispatch({ type: "cancel" });
    }
    if (state !== own) {
      // Fulfilling has led on, and that was told already.
      return;
    }
    ports.render(state);
    tell();
    ports.keep(attempts?.handover() ?? null);
    tabs?.has(state.name === "calling" && state.callId !== null);
    if (state.name === "ended" && before.name !== "ended") {
      openSurveySoon();
    } else if (state.name === "idle") {
      keepHours();
    } else if (state.name === "error" && state.code === "microphone_denied") {
      waitsUntil = now() + WAITS_MS;
      tabs?.refused();
    }
  }

  /** Tells the page, and again with each second of a call. */
  function tell(): void {
    ports.show(describe(state, now()));
    if (state.name === "calling" && state.connectedAt !== null && !ticking) {
      ticking = true;
      later(SECOND_MS - ((now() - state.connectedAt) % SECOND_MS), () => {
        ticking = false;
        tell();
      });
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
    const before = state;
    keepHours();
    if (state === before && own > 1) {
      // What depends on the hours may stand in any state.
      ports.render(state);
    }
    const at = clock.now();
    const next = nextChange(hours, at);
    if (next !== null) {
      later(Math.min(next - at, LOOK_MS), () => {
        if (own === followed) {
          followHours();
        }
      });
    }
  }

  function learnHours(learned: OpeningStatus): void {
    hours = learned;
    followHours();
  }

  function openSurveySoon(): void {
    const ended = state;
    if (ports.hasSurvey()) {
      later(SURVEY_AFTER_MS, () => {
        if (state === ended) {
          dispatch({ type: "open_survey" });
        }
      });
    }
  }

  /** Has the present call begun, at once where what it needs is loaded. */
  function withAttempts(run: (attempts: Attempts) => void): void {
    if (attempts !== null) {
      run(attempts);
      return;
    }
    begun += 1;
    const own = begun;
    const wanted = () => own === begun && state.name === "calling";
    ports.loadParts().then(
      ({ createAttempts }) => {
        attempts ??= createAttempts({
          ...ports,
          page: () => page,
          changeContext: replaceContext,
          state: () => state,
          dispatch,
          onTakenUp: (callId) => tabs?.taken(callId),
        });
        if (wanted()) {
          run(attempts);
        }
      },
      () => {
        if (wanted()) {
          const errorMessage = ERROR_MESSAGES.signaling_failed;
          page.events.emit("call_error", { errorCode: "signaling_failed", errorMessage });
          dispatch({ type: "fail", code: "signaling_failed", message: errorMessage });
        }
      },
    );
  }

  function replaceContext(patch: ContextPatch): void {
    const next = ports.scopeOfContext(patch);
    if (next === null) {
      warn("The context was not changed: that of a session from your own server is fixed.");
    } else {
      page = next;
    }
  }

  function resume(handover: Handover): void {
    const { muted, held } = handover;
    elsewhere = false;
    const since = handover.connectedAt === null ? null : Date.now() - handover.connectedAt;
    // A clock that was set meanwhile takes no time away.
    const connectedAt = since === null ? null : now() - Math.max(0, since);
    dispatch({ type: "resume", connectedAt, muted });
    dispatch({ type: "far", told: { held } });
    withAttempts((ready) => ready.takeUp(handover));
  }

  const isWaiting = () => state.name === "idle" || state.name === "closed";

  function tap(listening = false): void {
    keepHours();
    if (isWaiting() && elsewhere) {
      // The right to play sound belongs to this tap, whatever comes of it.
      startAudio();
      tabs?.bring();
    } else if (state.name === "idle") {
      const given = ports.collect();
      if (given === null) {
        return;
      }
      dispatch({ type: "tap", listening });
      startAudio();
      withAttempts((ready) => ready.begin(listening, given));
    }
  }

  function retry(listening = false): void {
    dispatch({ type: "start_over" });
    tap(listening);
  }

  function about(): { readonly callId?: string } {
    const callId = callIdOf(state);
    return callId === null ? {} : { callId };
  }

  const scope = () => (callIdOf(state) !== null && attempts?.scope()) || page;
  const events = () => scope().events;

  const actions: Actions = {
    warmUp() {
      void page.session.token();
      import("./call/index.ts").catch(() => undefined);
    },
    tap: () => tap(),
    hangUp: () => dispatch({ type: "leave" }),
    startOver: () => dispatch({ type: "start_over" }),
    setMuted: (muted) => dispatch({ type: "mute", muted }),
    sendDigit: (digit) => attempts?.call()?.sendDigit(digit),
    level: () => attempts?.call()?.level() ?? 0,
    quality: () => attempts?.call()?.quality() ?? null,
    devices: async () => (await attempts?.call()?.devices()) ?? null,
    play: () => attempts?.call()?.play(),
    retry,
    async copyAddress() {
      const { copy } = await ports.loadParts();
      await copy(document.referrer || config.allowedOrigins[0] || location.origin);
    },
    submitSurvey(survey, summary) {
      if (state.name !== "survey") {
        return;
      }
      events().emit("survey_submitted", summary, { survey, ...about() });
      dispatch({ type: "submit_survey", rating: summary.rating });
    },
    press(label, effect) {
      events().emit("custom_button_clicked", { label, action: effect.action }, about());
      switch (effect.action) {
        case "copy":
          void ports.loadParts().then(({ copy }) => copy(effect.text));
          break;
        case "emit":
          events().emitCustom(effect.name, effect.data, about());
          break;
        case "link":
        case "call_phone":
        case "email":
          // The button is a link; the browser follows it.
          break;
      }
    },
  };

  onMicrophoneAllowed(() => {
    // It is allowed in all tabs and frames at once, perhaps for something else in the page: the visitor
    // speaks in the one that is seen and was the last to ask, before an open panel.
    const isSeen = document.visibilityState === "visible" && !elsewhere && now() < waitsUntil;
    if (isSeen && state.name === "error" && state.code === "microphone_denied") {
      retry();
    }
  });
  followHours();
  return {
    actions,
    state: () => state,
    page: () => page,
    scope,
    isOpen: () => isOpen(hours, clock.now()),
    emitCustom: (name, data, except) => events().emitCustom(name, data, { ...about(), except }),
    opensAt() {
      const at = clock.now();
      return isOpen(hours, at) ? null : nextChange(hours, at);
    },
    learnHours,
    changeContext(patch) {
      if (state.name === "calling") {
        warn("The context was not changed: a call is going on.");
      } else {
        replaceContext(patch);
      }
    },
    connectTabs(connect) {
      tabs = connect(tabsPorts);
    },
    callFromPage() {
      dispatch({ type: "start_over" });
      tap();
    },
    resume(handover) {
      // A tab that was duplicated has what the first one needs itself: that one is asked first.
      ports.loadParts().then(
        () =>
          later(OTHER_TAB_MS, () => {
            if (isWaiting() && !elsewhere) {
              resume(handover);
            }
          }),
        () => undefined,
      );
    },
    online: () => attempts?.call()?.online(),
    leave() {
      attempts?.call()?.leave();
      tabs?.has(false);
    },
    close: waitNoMore,
    comeBack() {
      // What other tabs have said meanwhile was not heard here.
      onElsewhere(false);
      tabs?.ask();
    },
  };
}
