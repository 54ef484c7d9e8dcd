/**
 * One call, from the offer to its end. Loaded when the visitor shows interest.
 *
 * The server decides how a call goes; this module carries its word to `ports` and does what the
 * visitor asks for. A hang-up is kept until the server has it, whatever else happens meanwhile.
 */

import type { CallMessage, CallNotice, IdentifiedEvent, Phase } from "@bellpush/protocol";
import { type Failure, type Result, request, unreadable } from "../errors.ts";
import type { Voice } from "../microphone.ts";
import { authorized, type Session } from "../session.ts";
import type { Warning } from "../state.ts";
import type { Handover } from "./handover.ts";
import type { Devices, Health, Quality } from "./live.ts";
import { openMedia } from "./media.ts";
import type { Place, Placed } from "./placing.ts";
import { type Following, followCall } from "./progress.ts";
import { createRecovery } from "./recovery.ts";
import { keepAwake } from "./wake.ts";

export { placeAnew, takeUp } from "./placing.ts";

/** How long the visitor waits for the server's word after hanging up. */
const LEAVE_MS = 3000;
/** How long a hang-up is repeated to a server that can't be reached. */
const LEAVE_FOR_MS = 2 * 60 * 1000;
/** How long the server's last word on a call is asked for after its end here. */
const LAST_WORD_MS = 2 * 60 * 1000;
/** A request without an answer for so long has none. */
const REQUEST_MS = 5000;
const LONGEST_PAUSE_MS = 5000;
/** By when the server has told of the far side, once media flows and if nothing holds it back. */
const TOLD_MS = 1500;
/** When the server is asked after something that it must know of: at once, and as it may take a moment. */
const ASK_MS = [0, 500, 1500, 4000];
const LOOK_MS = 1000;

export interface CallPorts {
  readonly voice: Voice;
  readonly audio: HTMLAudioElement;
  /** The page's session: who may help media is known by it. */
  readonly session: Session;
  readonly place: Place;
  /** The call of the page before, when it is taken up. */
  readonly from: Handover | null;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  readonly beacon: (path: string, body: string) => void;
  readonly mediaDevices: MediaDevices | undefined;
  readonly onAccepted: (placed: Placed) => void;
  readonly onPhase: (phase: Phase) => void;
  /** The far side holds the visitor or takes the call up again, or lets the visitor know something. */
  readonly onFar: (told: { readonly held: boolean } | { readonly notice: CallNotice }) => void;
  /** The server's events: call_started, then one terminal event. */
  readonly onEvent: (event: IdentifiedEvent) => void;
  /** The call was never accepted. */
  readonly onRefused: (failure: Failure) => void;
  /** The visitor has hung up before the call was accepted. */
  readonly onCancelled: () => void;
  /** The media is gone for good and the server has not said so yet. */
  readonly onLost: () => void;
  /** The visitor has hung up and the server has not said so yet. */
  readonly onLeft: () => void;
  readonly onSoundBlocked: (blocked: boolean) => void;
  readonly onWarning: (warning: Warning, raised: boolean) => void;
  /** What only the screen knows: how the visitor wants it. */
  readonly wishes: () => {
    readonly muted: boolean;
    readonly held: boolean;
    readonly listening: boolean;
  };
}

export interface Call {
  hangUp(): void;
  sendDigit(digit: string): void;
  /** How loud the microphone is just now, 0 to 1. */
  level(): number;
  quality(): Quality | null;
  /** Once it is loaded; null when the call is over by then. */
  devices(): Promise<Devices | null>;
  /** Plays what is heard; within a tap. */
  play(): void;
  /** The browser has a network again. */
  online(): void;
  /** What another page needs to go on with the call; null when there is nothing to go on with. */
  handover(): Omit<Handover, "connectedAt" | "muted" | "held"> | null;
  /** The page goes away: the server is told, and the connection closed. */
  leave(): void;
  /** Another page has the call now. */
  drop(): void;
}

export function startCall(ports: CallPorts): Call {
  let placed: Placed | null = null;
  /** Whether the request has left, so that the server may know of the call. */
  let asked = false;
  let following: Following | null = null;
  let leaving = false;
  let over = false;
  /** The server has the last word on it. */
  let settled = false;
  let phase: Phase = ports.from?.connectedAt == null ? "connecting" : "connected";
  let mediaConnected = false;
  let retrySoon: (() => void) | null = null;

  const media = openMedia({
    voice: ports.voice,
    audio: ports.audio,
    onConnection(state) {
      if (state === "connected") {
        firstConnected();
      } else {
        // The far side may have hung up, with the stream that would tell it dead as well; its last
        // word may take the server a moment.
        for (const ms of ASK_MS) {
          ports.later(ms, () => following?.nudge());
        }
      }
      recovery.connection(state);
    },
    onBlocked: ports.onSoundBlocked,
  });
  const recovery = createRecovery({
    later: ports.later,
    restart,
    onInterrupted: tellPhase,
    onRecovered: tellPhase,
    onLost: lose,
  });
  let health: Health | null = null;
  let devices: Promise<Devices | null> = Promise.resolve(null);
  const wake = keepAwake();
  let raised: readonly Warning[] = [];

  function firstConnected(): void {
    if (mediaConnected) {
      return;
    }
    mediaConnected = true;
    ports.later(TOLD_MS, () => phase !== "connected" && following?.nudge());
    watch();
  }

  async function attend(): Promise<Devices | null> {
    const { createDevices, createHealth } = await import("./live.ts");
    if (over) {
      return null;
    }
    health = createHealth();
    return createDevices({
      voice: ports.voice,
      audio: ports.audio,
      media: ports.mediaDevices,
      later: ports.later,
      onMicrophoneLost: (lost) => warn("microphone_lost", lost),
    });
  }

  /** Looks once a second how the call fares. */
  function watch(): void {
    ports.later(LOOK_MS, () => {
      if (!over && !leaving) {
        void look().finally(watch);
      }
    });
  }

  async function look(): Promise<void> {
    const totals = await media.totals();
    const interrupted = recovery.interrupted() || phase !== "connected";
    const peakDb = media.meter.peak();
    const at = ports.now();
    const now = health?.look({ ...totals, ...ports.wishes(), at, peakDb, interrupted });
    if (now !== undefined && !over && !leaving) {
      for (const warning of new Set([...raised, ...now])) {
        if (raised.includes(warning) !== now.includes(warning)) {
          warn(warning, now.includes(warning));
        }
      }
      raised = now;
    }
  }

  /** Says it on the screen, and in the call's record what whoever runs the calls can use. */
  function warn(warning: Warning, isRaised: boolean): void {
    if (over || leaving) {
      return;
    }
    ports.onWarning(warning, isRaised);
    if (placed !== null && warning !== "talking_muted") {
      void post(placed, "warnings", { warning, raised: isRaised });
    }
  }

  function post(call: Placed, what: string, body: unknown): Promise<Result<Response>> {
    return authorized(call.session, (authorization) =>
      request(ports.fetch, `${call.address}/${what}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...authorization },
        body: JSON.stringify(body),
      }),
    );
  }

  function tellPhase(): void {
    if (!over && placed !== null) {
      const live = phase === "connected" || phase === "reconnecting";
      ports.onPhase(recovery.interrupted() && live ? "reconnecting" : phase);
      if (live) {
        wake.hold();
      }
    }
  }

  async function restart(): Promise<void> {
    const call = placed;
    if (call === null || leaving || over) {
      return;
    }
    const offer = await media.restart(call.session.iceServers());
    const result = await authorized(call.session, (authorization) =>
      request(ports.fetch, call.address, {
        method: "PATCH",
        headers: { "content-type": "application/sdp", "if-match": "*", ...authorization },
        body: offer,
        signal: within(REQUEST_MS),
      }),
    );
    if (result.ok) {
      const answer = await result.value.text();
      if (!over) {
        await media.answer(answer);
      }
    } else if (!result.failure.passing) {
      // The call may be over.
      following?.nudge();
    }
  }

  function within(ms: number): AbortSignal {
    const controller = new AbortController();
    ports.later(ms, () => controller.abort());
    return controller.signal;
  }

  async function begin(): Promise<void> {
    const answer = await ask();
    if (over && !asked) {
      return;
    }
    if (!answer.ok) {
      const unwanted = leaving;
      const told = over;
      settled = true;
      close();
      if (told) {
        return;
      }
      if (unwanted) {
        ports.onCancelled();
      } else {
        ports.onRefused(answer.failure);
      }
      return;
    }
    const call = answer.value;
    placed = call;
    ports.onAccepted(call);
    following = followCall(call.address, {
      session: call.session,
      fetch: ports.fetch,
      later: ports.later,
      onMessage: take,
    });
    if (leaving) {
      void remove(call);
      return;
    }
    devices = attend().catch(() => null);
    try {
      await media.answer(call.sdp);
    } catch {
      // The server counts on media that will not come; it must not have to wait for its time-out.
      lose();
    }
  }

  async function ask(): Promise<Result<Placed>> {
    let offer: string;
    try {
      // The session knows who helps media around a firewall; whether there is one, the request says.
      await ports.session.token();
      if (over) {
        return unreadable("the visitor has hung up");
      }
      offer = await media.offer(ports.session.iceServers());
    } catch {
      return unreadable("the browser made no offer");
    }
    if (over) {
      return unreadable("the visitor has hung up");
    }
    asked = true;
    return ports.place(offer);
  }

  function take(message: CallMessage): void {
    switch (message.type) {
      case "progress":
        phase = message.data.phase;
        tellPhase();
        break;
      case "hold":
      case "notice":
        ports.onFar(message.data);
        break;
      case "event":
        if (message.data.event.name !== "call_started") {
          settled = true;
          retrySoon?.();
        }
        // The page of a call that was taken up hears of no call that began.
        if (settled || ports.from === null) {
          ports.onEvent(message.data);
        }
        if (settled) {
          close();
        }
        break;
    }
  }

  /** The media is gone for good: the server learns why, so that all tell the same. */
  function lose(): void {
    ports.onLost();
    const call = placed;
    close();
    if (call !== null && !settled) {
      void tell(call, "?reason=media_failed");
    }
  }

  /** Over for the visitor. */
  function finish(): void {
    if (!over) {
      over = true;
      media.silence();
      void devices.then((open) => open?.close());
      recovery.stop();
      wake.release();
      ports.later(LAST_WORD_MS, () => following?.stop());
    }
  }

  /** Over for everybody. */
  function close(): void {
    finish();
    media.close();
  }

  async function remove(call: Placed): Promise<void> {
    ports.later(LEAVE_MS, () => {
      if (!over) {
        ports.onLeft();
        finish();
      }
    });
    await tell(call, "");
    close();
  }

  /** Ends the call at the server, however often that has to be said. */
  async function tell(call: Placed, query: string): Promise<void> {
    const until = ports.now() + LEAVE_FOR_MS;
    for (let attempt = 0; !settled && ports.now() < until; attempt += 1) {
      const result = await authorized(call.session, (authorization) =>
        request(ports.fetch, call.address + query, {
          method: "DELETE",
          headers: authorization,
          keepalive: true,
          signal: within(2 * REQUEST_MS),
        }),
      );
      if (result.ok || !result.failure.passing) {
        // Its last word is on its way; the stream that brings it may not be.
        following?.nudge();
        return;
      }
      const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** attempt);
      await new Promise<void>((resume) => {
        retrySoon = resume;
        ports.later(pause, resume);
      });
    }
  }

  void begin();
  return {
    hangUp() {
      if (leaving || over) {
        return;
      }
      leaving = true;
      // The connection itself stays until the server has the word, or it would look like a loss.
      media.silence();
      if (placed !== null) {
        void remove(placed);
      } else if (asked) {
        // The server may have taken the call: its answer is awaited, but not by the visitor.
        ports.later(LEAVE_MS, () => {
          if (placed === null && !over) {
            finish();
            ports.onCancelled();
          }
        });
      } else {
        close();
        ports.onCancelled();
      }
    },
    sendDigit(digit) {
      const call = placed;
      // Where nothing is said, no packets flow that a key could be in.
      const silent = ports.wishes().listening;
      if (call === null || over || (!silent && media.sendDigit(digit))) {
        return;
      }
      void post(call, "dtmf", { digit });
    },
    level: () => (over || leaving ? 0 : media.meter.level()),
    quality: () => health?.quality() ?? null,
    devices: () => devices,
    play: media.play,
    online() {
      retrySoon?.();
      following?.nudge();
      recovery.online();
    },
    handover() {
      if (placed?.resumeToken == null || over || leaving) {
        return null;
      }
      const { callId, address, resumeToken } = placed;
      return { callId, address, resumeToken };
    },
    leave() {
      const token = placed?.session.current();
      if (placed !== null && token != null && !settled) {
        ports.beacon(`${placed.address}/leave`, JSON.stringify({ token }));
      }
      this.drop();
    },
    drop() {
      settled = true;
      following?.stop();
      close();
    },
  };
}
