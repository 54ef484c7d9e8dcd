/**
 * One call, from the offer to its end. Loaded when the visitor shows interest.
 *
 * The server decides how a call goes; this module carries its word to `ports` and does what the
 * visitor asks for.
 */

import type { CallMessage, IdentifiedEvent, Phase } from "@bellpush/protocol";
import { type Failure, type Result, request, unreadable } from "../errors.ts";
import { authorized, type Session } from "../session.ts";
import { openMedia } from "./media.ts";
import { type Following, followCall } from "./progress.ts";
import type { Quality } from "./quality.ts";

/** How long media may be interrupted before the call is given up. */
const RECONNECT_MS = 20_000;
/** How long the visitor waits for the server's word after hanging up. */
const LEAVE_MS = 3000;
/** How long the server's last word on a call is asked for after its end here. */
const LAST_WORD_MS = 2 * 60 * 1000;
const DELETE_ATTEMPTS = 4;

export interface CallPorts {
  readonly session: Session;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  readonly beacon: (path: string, body: string) => void;
  readonly onAccepted: (callId: string) => void;
  readonly onPhase: (phase: Phase) => void;
  /** The server's events: call_started, then one terminal event. */
  readonly onEvent: (event: IdentifiedEvent) => void;
  /** The call was never accepted. */
  readonly onRefused: (failure: Pick<Failure, "code" | "detail">) => void;
  /** The media is gone for good and the server has not said so yet. */
  readonly onLost: () => void;
  /** The visitor has hung up and the server has not said so yet. */
  readonly onLeft: () => void;
}

export interface Call {
  hangUp(): void;
  setMuted(muted: boolean): void;
  sendDigit(digit: string): void;
  level(): number;
  quality(): Promise<Quality | null>;
  /** The page goes away. */
  leave(): void;
}

interface Accepted {
  readonly callId: string;
  readonly address: string;
  readonly sdp: string;
}

export function startCall(
  microphone: MediaStream,
  audio: HTMLAudioElement,
  ports: CallPorts,
): Call {
  const { session } = ports;
  /** Where the call is: a path, or the URL of the node that holds it. */
  let address: string | null = null;
  let following: Following | null = null;
  let leaving = false;
  let over = false;
  let phase: Phase = "connecting";
  let interruptions = 0;
  let interrupted = false;

  const media = openMedia(microphone, audio, (state) => {
    switch (state) {
      case "disconnected":
      case "failed":
        interrupt();
        break;
      case "connected":
        interrupted = false;
        tellPhase();
        break;
      default:
        break;
    }
  });

  function interrupt(): void {
    // The far side may have hung up, with the stream that would tell it dead as well.
    following?.nudge();
    if (interrupted || over) {
      return;
    }
    interrupted = true;
    interruptions += 1;
    const present = interruptions;
    tellPhase();
    ports.later(RECONNECT_MS, () => {
      if (interrupted && interruptions === present && !over) {
        ports.onLost();
        finish();
      }
    });
  }

  function tellPhase(): void {
    if (!over && address !== null) {
      ports.onPhase(interrupted && phase === "connected" ? "reconnecting" : phase);
    }
  }

  async function begin(): Promise<void> {
    const accepted = await ask();
    if (!accepted.ok) {
      over = true;
      media.close();
      ports.onRefused(accepted.failure);
      return;
    }
    const at = accepted.value.address;
    address = at;
    ports.onAccepted(accepted.value.callId);
    following = followCall(at, { ...ports, onMessage: take });
    if (leaving) {
      void remove(at);
      return;
    }
    try {
      await media.answer(accepted.value.sdp);
    } catch {
      // The server counts on media that will not come; it must not have to wait for its time-out.
      ports.onLost();
      finish();
      void remove(at);
    }
  }

  async function ask(): Promise<Result<Accepted>> {
    let offer: string;
    try {
      // The session knows who helps media around a firewall; whether there is one, the request says.
      await session.token();
      offer = await media.offer(session.iceServers());
    } catch {
      return unreadable("the browser made no offer");
    }
    const result = await authorized(session, (authorization) =>
      request(ports.fetch, "/v1/calls", {
        method: "POST",
        headers: { "content-type": "application/sdp", ...authorization },
        body: offer,
      }),
    );
    if (!result.ok) {
      return result;
    }
    const at = result.value.headers.get("location") ?? "";
    const callId = /\/v1\/calls\/(call_\w+)$/.exec(at)?.[1];
    const sdp = await result.value.text().catch(() => "");
    return callId === undefined
      ? unreadable("the answer names no call")
      : { ok: true, value: { callId, address: at, sdp } };
  }

  function take(message: CallMessage): void {
    switch (message.type) {
      case "progress":
        phase = message.data.phase;
        tellPhase();
        break;
      case "event":
        ports.onEvent(message.data);
        if (message.data.event.name !== "call_started") {
          finish();
        }
        break;
    }
  }

  function finish(): void {
    if (!over) {
      over = true;
      media.close();
      ports.later(LAST_WORD_MS, () => following?.stop());
    }
  }

  async function remove(at: string): Promise<void> {
    ports.later(LEAVE_MS, () => {
      if (!over) {
        ports.onLeft();
        finish();
      }
    });
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt += 1) {
      const result = await authorized(session, (authorization) =>
        request(ports.fetch, at, {
          method: "DELETE",
          headers: authorization,
          keepalive: true,
        }),
      );
      if (result.ok || !result.failure.passing) {
        return;
      }
      await new Promise<void>((resume) => ports.later(500 * 2 ** attempt, resume));
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
      if (address !== null) {
        void remove(address);
      }
    },
    setMuted: media.setMuted,
    sendDigit(digit) {
      const at = address;
      if (at === null || over || media.sendDigit(digit)) {
        return;
      }
      void authorized(session, (authorization) =>
        request(ports.fetch, `${at}/dtmf`, {
          method: "POST",
          headers: { "content-type": "application/json", ...authorization },
          body: JSON.stringify({ digit }),
        }),
      );
    },
    level: () => (over || leaving ? 0 : media.level()),
    quality: media.quality,
    leave() {
      const token = session.current();
      if (address !== null && token !== null && !over) {
        ports.beacon(`${address}/leave`, JSON.stringify({ token }));
      }
    },
  };
}
