/**
 * When a call is taken over by another server: its own one does not answer and nothing is heard of it
 * any more, or it has asked the widget to move.
 *
 * Knows no connection and no request, only what it is told and when. A claim that is on its way is never
 * taken back: whoever has answered it has the call from then on.
 */

/**
 * What has become of a claim. `again`: it can be had later; `nothing`: no answer; `refused`: it is not to be
 * had, because it is over or another page has it.
 */
export type Claim = "taken" | "again" | "nothing" | "refused";

/** How long a stream that is broken is no reason, if packets come. */
export const MOMENT_MS = 150;
/** A claim without an answer for so long gets another one beside it, which may come to another server. */
const UNANSWERED_MS = 700;
const MOST_AT_ONCE = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3200;
/**
 * When a move that was turned away is tried again, so often at first: a load balancer may have sent it to the
 * server that stops, which has little time.
 */
const MOVE_SOON_MS = 400;
const MOVES_SOON = 10;
/** When a move that did not succeed is tried again else; the call goes on meanwhile. */
const MOVE_AGAIN_MS = 2000;

export interface TakeOverPorts {
  readonly later: (ms: number, run: () => void) => void;
  /** Whether the call's own server answers, as one that has the call. */
  readonly ask: () => Promise<boolean>;
  /** Whether sound comes within this time. */
  readonly flows: (ms: number) => Promise<boolean>;
  /** Whether there are other servers that may get the next request. */
  readonly hasOthers: () => boolean;
  /** Claims the call; when it is taken, the call goes on there before this resolves. */
  readonly claim: () => Promise<Claim>;
  readonly onRefused: () => void;
}

export interface TakeOver {
  /** The call's server may be gone; sound that comes within this time says that it is not. */
  suspect(ms: number): void;
  /** The call's server wants the call to go on elsewhere. */
  move(): void;
  /** The connection has come back by itself. */
  recovered(): void;
  /** The browser has a network again. */
  online(): void;
  stop(): void;
}

type State = "peace" | "doubt" | "claiming" | "over";

export function createTakeOver(ports: TakeOverPorts): TakeOver {
  let state: State = "peace";
  /** The server has asked for a move that has not succeeded yet. */
  let moving = false;
  /** How often it may be tried again soon. */
  let soon = MOVES_SOON;
  /** The call's server is gone, as far as can be seen. */
  let urgent = false;
  let refused = false;
  /** Claims on their way. */
  let open = 0;
  let pauses = 0;
  /** Names the present plan, for timers and answers of before. */
  let plan = 0;

  const is = (one: State) => state === one;

  function then(ms: number, run: () => void): void {
    plan += 1;
    const own = plan;
    ports.later(ms, () => {
      if (own === plan) {
        run();
      }
    });
  }

  function calm(movesIn = MOVE_AGAIN_MS): void {
    state = "peace";
    urgent = false;
    plan += 1;
    if (moving) {
      then(movesIn, () => void claim());
    }
  }

  async function doubt(ms: number, asks = true): Promise<void> {
    state = "doubt";
    plan += 1;
    const own = plan;
    const signs = await Promise.all([asks && ports.ask(), ports.flows(ms)]);
    if (own !== plan) {
      return;
    }
    if (signs.includes(true)) {
      calm();
    } else {
      urgent = true;
      void claim();
    }
  }

  async function claim(): Promise<void> {
    state = "claiming";
    open += 1;
    plan += 1;
    if (urgent && open < MOST_AT_ONCE && ports.hasOthers()) {
      then(UNANSWERED_MS, () => void claim());
    }
    const own = plan;
    const result = await ports.claim();
    open -= 1;
    if (is("over")) {
      return;
    }
    if (result === "taken") {
      moving = false;
      calm();
      return;
    }
    if (!is("claiming")) {
      // The connection has come back by itself meanwhile.
      return;
    }
    if (!urgent) {
      const isSoon = result === "again" && soon > 0;
      soon -= Number(isSoon);
      calm(isSoon ? MOVE_SOON_MS : MOVE_AGAIN_MS);
      return;
    }
    refused ||= result === "refused";
    if (!refused) {
      if (own === plan) {
        wait(result === "nothing");
      }
      return;
    }
    // It may be one of ours beside it that has the call by now.
    plan += 1;
    if (open === 0) {
      state = "over";
      ports.onRefused();
    }
  }

  /** Claims again after a pause, if there is still a reason. `asks`: it may be the visitor's network that is gone. */
  function wait(asks: boolean): void {
    then(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses), () => {
      void doubt(MOMENT_MS, asks);
    });
    pauses += 1;
  }

  return {
    suspect(ms) {
      if (state === "peace") {
        pauses = 0;
        refused = false;
        void doubt(ms);
      }
    },
    move() {
      if (state !== "over") {
        moving = true;
        soon = MOVES_SOON;
        if (state !== "claiming") {
          void claim();
        }
      }
    },
    recovered() {
      if (state === "doubt" || (state === "claiming" && urgent)) {
        calm();
      }
    },
    online() {
      if (state === "claiming" && urgent && open === 0) {
        pauses = 0;
        void doubt(MOMENT_MS);
      }
    },
    stop() {
      state = "over";
      plan += 1;
    },
  };
}
