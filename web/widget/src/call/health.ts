/**
 * What does not go well in a call, and how good the network is, out of one look a second.
 *
 * Pure: it is given what was seen, and says what is raised now. Nothing is raised while the visitor
 * is on hold or the media is interrupted: what is silent then is meant to be, or is said already.
 */

import type { Warning } from "../state.ts";
import type { Totals } from "./stats.ts";

/** 4 is excellent, 1 is hardly usable. */
export type Quality = 1 | 2 | 3 | 4;

/** One look, about a second after the one before. */
export interface Look extends Omit<Totals, "quietMs"> {
  /** Milliseconds, by a clock that only goes forward. */
  readonly at: number;
  /** The loudest since the look before, in decibels of full scale; null where that is unknown. */
  readonly peakDb: number | null;
  readonly muted: boolean;
  readonly held: boolean;
  /** Without a microphone. */
  readonly listening: boolean;
  readonly interrupted: boolean;
}

export interface Health {
  /** Takes a look; the warnings that hold now. */
  look(look: Look): readonly Warning[];
  /** The network's quality of late; null while that is unknown. */
  quality(): Quality | null;
}

const DIGITAL_SILENCE_MS = 3000;
const QUIET_SINCE_START_MS = 15_000;
const QUIET_DB = -50;
const UNHEARD_MS = 3000;
/** A word of one who is mute lasts at least two looks. */
const TALKING_DB = -38;
const TALKING_LOOKS = 2;
const QUIET_LOOKS = 3;
const ROUND_TRIP_MS = 400;
const JITTER_MS = 30;
const LOSS_SHARE = 0.03;
const LOSS_LOOKS = 7;
const SPIKE_SHARE = 0.01;
const SPIKES = 3;
const SPIKE_LOOKS = 5;
const LOWEST_MOS = 3.5;
/** A weak network has to be good for so long before that is said no more. */
const GOOD_LOOKS = 5;

interface Second {
  readonly received: number;
  readonly lost: number;
}

export function createHealth(): Health {
  let last: Look | null = null;
  /** Since when nothing but zeros came from the microphone; null: it does not. */
  let zerosSince: number | null = null;
  let startedAt: number | null = null;
  let everHeardVoice = false;
  let unheardSince: number | null = null;
  let talking = 0;
  let weakUntilLook = 0;
  let looks = 0;
  let quiet = 0;
  let seconds: readonly Second[] = [];
  let quality: Quality | null = null;

  function microphone(now: Look): boolean {
    if (now.muted || now.listening || now.held || now.peakDb === null) {
      zerosSince = null;
      return false;
    }
    startedAt ??= now.at;
    everHeardVoice ||= now.peakDb > QUIET_DB;
    zerosSince = now.peakDb === Number.NEGATIVE_INFINITY ? (zerosSince ?? now.at) : null;
    return (
      (zerosSince !== null && now.at - zerosSince >= DIGITAL_SILENCE_MS) ||
      (!everHeardVoice && now.at - startedAt >= QUIET_SINCE_START_MS)
    );
  }

  function talksWhileMuted(now: Look): boolean {
    if (!now.muted || now.listening) {
      talking = 0;
      quiet = 0;
      return false;
    }
    const loud = now.peakDb !== null && now.peakDb > TALKING_DB;
    quiet = loud ? 0 : quiet + 1;
    talking = loud ? talking + 1 : quiet >= QUIET_LOOKS ? 0 : talking;
    return talking >= TALKING_LOOKS;
  }

  function nothingHeard(now: Look, before: Look): boolean {
    const silent = now.received <= before.received && !now.held && !now.interrupted;
    unheardSince = silent ? (unheardSince ?? before.at) : null;
    return unheardSince !== null && now.at - unheardSince >= UNHEARD_MS;
  }

  function networkWeak(now: Look, before: Look): boolean {
    const second = {
      received: Math.max(0, now.received - before.received),
      lost: Math.max(0, now.lost - before.lost),
    };
    if (now.held || now.interrupted) {
      seconds = [];
      weakUntilLook = 0;
      return false;
    }
    seconds = [...seconds, second].slice(-LOSS_LOOKS);
    const recent = shareLost(seconds.slice(-SPIKE_LOOKS));
    const score = mos(now, recent);
    quality = second.received + second.lost === 0 ? quality : rate(score);
    const spikes = seconds.slice(-SPIKE_LOOKS).filter((one) => shareLost([one]) > SPIKE_SHARE);
    const weak =
      (now.roundTripMs ?? 0) > ROUND_TRIP_MS ||
      now.jitterMs > JITTER_MS ||
      (seconds.length === LOSS_LOOKS && shareLost(seconds) > LOSS_SHARE) ||
      spikes.length >= SPIKES ||
      score < LOWEST_MOS;
    weakUntilLook = weak ? looks + GOOD_LOOKS : weakUntilLook;
    return looks < weakUntilLook;
  }

  return {
    look(now) {
      looks += 1;
      const before = last;
      last = now;
      const raised: Warning[] = [];
      if (microphone(now)) {
        raised.push("microphone_silent");
      }
      if (talksWhileMuted(now)) {
        raised.push("talking_muted");
      }
      if (before !== null && nothingHeard(now, before)) {
        raised.push("nothing_heard");
      }
      if (before !== null && networkWeak(now, before)) {
        raised.push("network_weak");
      }
      return raised;
    },
    quality: () => quality,
  };
}

function shareLost(seconds: readonly Second[]): number {
  const received = seconds.reduce((sum, one) => sum + one.received, 0);
  const lost = seconds.reduce((sum, one) => sum + one.lost, 0);
  return received + lost === 0 ? 0 : lost / (received + lost);
}

/** The estimated mean opinion score, by the E-model (ITU-T G.107) in its simplified form. */
export function mos(
  { roundTripMs, jitterMs }: Pick<Totals, "roundTripMs" | "jitterMs">,
  loss: number,
): number {
  // One-way delay as the ear meets it: half the round trip, the jitter buffer, and the codec.
  const delay = (roundTripMs ?? 0) / 2 + jitterMs * 2 + 10;
  const late = delay < 160 ? delay / 40 : (delay - 120) / 10;
  const rating = Math.max(0, 93.2 - late - 250 * loss);
  return 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating);
}

function rate(score: number): Quality {
  if (score >= 4.2) {
    return 4;
  }
  if (score >= LOWEST_MOS) {
    return 3;
  }
  return score >= 2.5 ? 2 : 1;
}
