/**
 * One call, from the offer to its end. Loaded when the visitor shows interest.
 *
 * The server decides how a call goes; this module carries its word to `ports` and does what the
 * visitor asks for. A hang-up is kept until the server has it, whatever else happens meanwhile.
 */

import type { CallMessage, Phase } from "@bellpush/protocol";
import { type Result, request, unreadable } from "../errors.ts";
import { loadPart } from "../load.ts";
import { authorized } from "../session.ts";
import type { Warning } from "../state.ts";
import { within } from "./answers.ts";
import type { Call, CallPorts } from "./call.ts";
import { createEnding } from "./ending.ts";
import type { Live } from "./live.ts";
import { type ConnectionState, type Media, openMedia } from "./media.ts";
import type { Moving } from "./moving.ts";
import { type Placed, publicly } from "./placing.ts";
import { type Following, followCall } from "./progress.ts";
import { createRecovery, SETTLE_MS } from "./recovery.ts";

export { placeAnew, takeUp } from "./placing.ts";

/** How long the visitor waits for the server's word after hanging up. */
const LEAVE_MS = 3000;
/** How long the server's last word on a call is asked for after its end here. */
const LAST_WORD_MS = 2 * 60 * 1000;
/** A request without an answer for so long has none. */
const REQUEST_MS = 5000;
/** By when the server has told of the far side, once media flows and if nothing holds it back. */
const TOLD_MS = 1500;
/** How often it is looked for the first sound of another connection. */
const SOUND_LOOK_MS = 10;
/** A far side that is silent so long has none, and the other connection is as good. */
const NO_SOUND_MS = 1000;
/** When the server is asked after something that it must know of: at once, and as it may take a moment. */
const ASK_MS = [0, 500, 1500, 4000];

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
  /** Another server has the call, and has not said yet that it goes on there. */
  let moved = false;
  /** The page was told that the call began. */
  let begun = ports.from !== null;
  let attending: Promise<void> = Promise.resolve();

  let media = open(false);
  /** Connections that the present one takes the place of, once it is connected and heard. */
  let former: readonly Media[] = [];
  const recovery = createRecovery({
    later: ports.later,
    restart,
    onInterrupted: tellPhase,
    onRecovered: tellPhase,
    onLost: lose,
  });
  const ending = createEnding({
    ...ports,
    placed: () => placed,
    settled: () => settled,
    onTold: () => following?.nudge(),
  });
  let live: Live | null = null;
  let moving: Promise<Moving | null> = Promise.resolve(null);

  function open(waits: boolean): Media {
    const own = openMedia({
      voice: ports.voice,
      audio: ports.audio,
      waits,
      onConnection: (state) => own === media && onConnection(state),
      onBlocked: ports.onSoundBlocked,
    });
    return own;
  }

  function onConnection(state: ConnectionState): void {
    if (state === "connected") {
      connected();
    } else {
      // The far side may have hung up, with the stream that would tell it dead as well; its last
      // word may take the server a moment.
      for (const ms of ASK_MS) {
        ports.later(ms, () => following?.nudge());
      }
    }
    recovery.connection(state);
  }

  function connected(): void {
    if (former.length > 0) {
      changeOver(media, ports.now() + NO_SOUND_MS);
    }
    void moving.then((one) => one?.recovered());
    if (!mediaConnected) {
      mediaConnected = true;
      ports.later(TOLD_MS, () => phase !== "connected" && following?.nudge());
      live?.watch();
    }
  }

  /** Has the present connection be heard in place of those before, as soon as there is something to hear. */
  function changeOver(next: Media, until: number): void {
    if (next !== media || former.length === 0) {
      return;
    }
    if (!next.hasSound() && ports.now() < until && !leaving) {
      ports.later(SOUND_LOOK_MS, () => changeOver(next, until));
      return;
    }
    // In one turn: never are two of them heard.
    if (!leaving) {
      media.play();
    }
    closeAll(former);
    former = [];
  }

  async function attend(): Promise<void> {
    const { attend } = await loadPart(() => import("./live.ts"));
    if (over) {
      return;
    }
    live = attend({
      ...ports,
      placed: () => placed,
      isOver: () => over,
      stats: () => media.stats(),
      interrupted: () => recovery.interrupted() || phase !== "connected",
      onWarning: warn,
    });
    if (mediaConnected) {
      live.watch();
    }
  }

  async function prepareToMove(call: Placed): Promise<Moving | null> {
    const { createMoving } = await import("./moving.ts");
    return over
      ? null
      : createMoving({
          ...ports,
          placed: () => placed ?? call,
          media: () => media,
          ask: async (ms) => (await following?.ask(ms)) ?? false,
          expectsSound: () =>
            mediaConnected && phase === "connected" && !ports.wishes().held && !leaving,
          open: () => open(true),
          goOn,
          onRefused: () => follow(publicly(call.callId)),
        });
  }

  /** The call is at another server from now on; the connection before is heard until the next one is there. */
  function goOn(next: Media, call: Placed): void {
    placed = call;
    ending.soon();
    if (!settled) {
      follow(call.address);
    }
    if (over) {
      next.close();
      return;
    }
    former = [...former, media];
    media = next;
    ports.onHandover();
    moved = true;
    recovery.replaced();
    next.answer(call.sdp).catch(() => undefined);
  }

  function follow(address: string): void {
    following?.stop();
    following = followCall(address, {
      session: placed?.session ?? ports.session,
      fetch: ports.fetch,
      later: ports.later,
      onMessage: take,
      onBroken: () => void moving.then((one) => one?.broken()),
    });
  }

  /** Says it on the screen, and in the call's record what whoever runs the calls can use. */
  function warn(warning: Warning, isRaised: boolean): void {
    if (over || leaving) {
      return;
    }
    ports.onWarning(warning, isRaised);
    if (warning !== "talking_muted") {
      live?.tell("warnings", { warning, raised: isRaised });
    }
  }

  function tellPhase(): void {
    if (!over && placed !== null) {
      const isLive = phase === "connected" || phase === "reconnecting";
      ports.onPhase(recovery.interrupted() && isLive ? "reconnecting" : phase);
    }
  }

  async function restart(): Promise<void> {
    const call = placed;
    const own = media;
    if (call === null || leaving || over) {
      return;
    }
    const offer = await own.restart(call.session.iceServers());
    const result = await authorized(call.session, (authorization) =>
      request(ports.fetch, call.address, {
        method: "PATCH",
        headers: { "content-type": "application/sdp", "if-match": "*", ...authorization },
        body: offer,
        signal: within(ports.later, REQUEST_MS),
      }),
    );
    if (result.ok) {
      const answer = await result.value.text();
      if (!over && own === media) {
        await own.answer(answer);
      }
    } else if (!result.failure.passing) {
      // The call may be over.
      following?.nudge();
    }
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
    follow(call.address);
    if (leaving) {
      void remove();
      return;
    }
    attending = attend().catch(() => undefined);
    moving = prepareToMove(call).catch(() => null);
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
        if (moved && phase === "reconnecting") {
          // It is there in a moment, and then nothing was to be seen of it.
          ports.later(SETTLE_MS, tellPhase);
        } else {
          if (moved && ports.wishes().held) {
            // It says so next if the visitor is on hold there, too.
            ports.onFar({ held: false });
          }
          moved = false;
          tellPhase();
        }
        break;
      case "hold":
        moved = false;
        ports.onFar(message.data);
        break;
      case "notice":
        ports.onFar(message.data);
        break;
      case "event":
        if (message.data.event.name !== "call_started") {
          settled = true;
          ending.soon();
        }
        // Whoever takes a call up, another page or another connection, hears again that it began.
        if (settled || !begun) {
          begun = true;
          ports.onEvent(message.data);
        }
        if (settled) {
          close();
        }
        break;
      case "move":
        void moving.then((one) => one?.move());
        break;
    }
  }

  /** The media is gone for good: the server learns why, so that all tell the same. */
  function lose(): void {
    ports.onLost();
    close();
    if (!settled) {
      void ending.tell("?reason=media_failed");
    }
  }

  /** Over for the visitor. */
  function finish(): void {
    if (!over) {
      over = true;
      media.silence();
      live?.close();
      void moving.then((one) => one?.stop());
      recovery.stop();
      ports.later(LAST_WORD_MS, () => following?.stop());
    }
  }

  /** Over for everybody. */
  function close(): void {
    finish();
    closeAll([...former, media]);
  }

  async function remove(): Promise<void> {
    ports.later(LEAVE_MS, () => {
      if (!over) {
        ports.onLeft();
        finish();
      }
    });
    await ending.tell("");
    close();
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
        void remove();
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
      // Where nothing is said, no packets flow that a key could be in.
      const silent = ports.wishes().listening;
      if (placed === null || over || (!silent && media.sendDigit(digit))) {
        return;
      }
      void attending.then(() => live?.tell("dtmf", { digit }));
    },
    level: () => (over || leaving ? 0 : (live?.level() ?? 0)),
    quality: () => live?.quality() ?? null,
    devices: async () => {
      await attending;
      return live?.devices ?? null;
    },
    play: () => media.play(),
    online() {
      ending.soon();
      following?.nudge();
      recovery.online();
      void moving.then((one) => one?.online());
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

function closeAll(connections: readonly Media[]): void {
  for (const one of connections) {
    one.close();
  }
}
