/**
 * Has a call go on at another server: watches whether its own one is there, and claims the call at the
 * public address. Loaded in peace, since nothing can be loaded once the server is gone.
 */

import type { CallResumed, IceServer, ResumeRequest } from "@bellpush/protocol";
import type { Failure, Result } from "../errors.ts";
import { isAway, within } from "./answers.ts";
import { createArrivals } from "./arrivals.ts";
import type { Media } from "./media.ts";
import { type Placed, publicly, resume } from "./placing.ts";
import { totals } from "./stats.ts";
import { type Claim, createTakeOver, MOMENT_MS, type TakeOver } from "./takeover.ts";

/** How long the call's server has to answer. */
const ANSWER_MS = 700;
/** A claim without an answer for so long has none. */
const CLAIM_MS = 5000;
const LOOK_MS = 500;
/** How soon the next look is due once no packet has come for a while. */
const CLOSER_LOOK_MS = 250;
/** What is known of packets is so old at most. */
const STALE_MS = 60;

export interface MovingPorts {
  readonly later: (ms: number, run: () => void) => void;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  readonly fetch: typeof globalThis.fetch;
  readonly placed: () => Placed;
  /** The connection that there is now. */
  readonly media: () => Media;
  /** Whether packets are to be expected from the call's server. */
  readonly expectsSound: () => boolean;
  /** Whether the call's server answers within this time. */
  readonly ask: (ms: number) => Promise<boolean>;
  /** Another connection, which is not heard before it is asked to play. */
  readonly open: () => Media;
  readonly goOn: (media: Media, placed: Placed) => void;
  /** The call can't be had at the public address, which knows what has become of it. */
  readonly onRefused: () => void;
}

export interface Moving extends Pick<TakeOver, "move" | "recovered" | "online" | "stop"> {
  /** The call's stream broke, or could not be had. */
  broken(): void;
}

export function createMoving(ports: MovingPorts): Moving {
  const { later, now } = ports;
  let stopped = false;
  /** A connection that is on offer, to all servers that are asked while nobody is known to have taken it. */
  let offered: Offered | null = null;

  const takeOver = createTakeOver({
    later,
    ask: () => ports.ask(ANSWER_MS),
    flows,
    // A call whose address is no URL of its own is at the only server that there is.
    hasOthers: () => !ports.placed().address.startsWith("/"),
    claim: () => claim(),
    onRefused: ports.onRefused,
  });

  async function received(): Promise<number> {
    return totals(await ports.media().stats()).received;
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resume) => later(ms, resume));
  }

  /** Whether a packet comes within this time. */
  async function flows(ms: number): Promise<boolean> {
    if (!ports.expectsSound()) {
      return false;
    }
    await pause(STALE_MS);
    const before = await received();
    for (const end = now() + ms; now() < end; ) {
      await pause(Math.min(MOMENT_MS, end - now()));
      if ((await received()) > before) {
        return true;
      }
    }
    return false;
  }

  async function claim(token = ports.placed().resumeToken): Promise<Claim> {
    const { session } = ports.placed();
    if (token === null) {
      return "refused";
    }
    if (offered !== null && offered.token !== token) {
      giveUp(offered);
    }
    offered ??= offer(token, session.iceServers());
    const own = offered;
    own.claims += 1;
    const sdp = await own.sdp.catch(() => null);
    const result = sdp === null ? null : await ask({ resumeToken: token, sdp, takeOver: true });
    own.claims -= 1;
    if (result?.ok) {
      const placed = ports.placed();
      const { address = placed.address, ...answer } = result.value;
      if (own === offered) {
        offered = null;
        ports.goOn(own.media, { ...placed, ...answer, address, session });
        return "taken";
      }
      // The same answer once more, or that of a server which has taken the call from the one that we are at.
      return address === placed.address ? "taken" : claim(answer.resumeToken);
    }
    const failure = result?.failure;
    const isOpen = failure !== undefined && isUnsure(failure) && !stopped;
    if (own.claims === 0 && own === offered && !isOpen) {
      giveUp(own);
    }
    switch (failure?.status) {
      case 404:
        return "refused";
      case 0:
        return "nothing";
      default:
        return "again";
    }
  }

  /** At the public address, or at the server that has answered the same before, if that is to be had. */
  async function ask(body: ResumeRequest): Promise<Result<CallResumed>> {
    const anywhere = publicly(ports.placed().callId);
    const first = await post(anywhere, body, CLAIM_MS);
    if (first.ok || first.failure.address === null) {
      return first;
    }
    const second = await post(first.failure.address, body, ANSWER_MS);
    return second.ok || !isAway(second.failure)
      ? second
      : post(anywhere, { ...body, unreachable: true }, CLAIM_MS);
  }

  function post(address: string, body: ResumeRequest, ms: number) {
    return resume(ports.placed().session, ports.fetch, address, body, within(later, ms));
  }

  function giveUp(one: Offered): void {
    offered = null;
    one.media.close();
  }

  function offer(token: string, helpers: readonly IceServer[]): Offered {
    const media = ports.open();
    return { token, media, sdp: media.offer(helpers), claims: 0 };
  }

  /** Looks for packets that do not come any more. */
  async function watch(): Promise<void> {
    const arrivals = createArrivals(ANSWER_MS);
    let of: Media | null = null;
    while (!stopped) {
      const media = ports.media();
      const seen = await media.stats().then(totals, () => null);
      if (media !== of) {
        of = media;
        arrivals.reset();
      }
      const expected = ports.expectsSound();
      const doubt = seen === null ? null : arrivals.look({ ...seen, at: now(), expected });
      if (doubt !== null) {
        takeOver.suspect(Math.max(MOMENT_MS, doubt));
      }
      await pause(arrivals.quiet() < CLOSER_LOOK_MS ? LOOK_MS : CLOSER_LOOK_MS);
    }
  }

  void watch();
  return {
    broken: () => takeOver.suspect(MOMENT_MS),
    move: takeOver.move,
    recovered: takeOver.recovered,
    online: takeOver.online,
    stop() {
      stopped = true;
      takeOver.stop();
      if (offered?.claims === 0) {
        giveUp(offered);
      }
    },
  };
}

/** Whether the server may have taken the call without our knowing: then the same is asked again. */
function isUnsure({ status }: Failure): boolean {
  return status === 0 || status === 502 || status === 504;
}

interface Offered {
  /** What it is claimed with. */
  readonly token: string;
  readonly media: Media;
  readonly sdp: Promise<string>;
  /** How many claims with it are on their way. */
  claims: number;
}
