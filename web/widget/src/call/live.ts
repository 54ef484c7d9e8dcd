/** What a call needs once it is live: loaded then, so that it keeps no call waiting. */

import { loadPart } from "../load.ts";
import type { Voice } from "../microphone.ts";
import type { Warning } from "../state.ts";
import type { Wishes } from "./call.ts";
import { createDevices, type Devices } from "./devices.ts";
import { createHealth, type Quality } from "./health.ts";
import { createMeter } from "./meter.ts";
import { totals } from "./stats.ts";
import type { Tell, TellingPorts } from "./telling.ts";
import { keepAwake } from "./wake.ts";

export type { Devices, Quality };

const LOOK_MS = 1000;

export interface LivePorts extends TellingPorts {
  readonly voice: Voice;
  readonly audio: HTMLAudioElement;
  readonly mediaDevices: MediaDevices | undefined;
  readonly wishes: () => Wishes;
  /** Of the connection that there is now. */
  readonly stats: () => Promise<RTCStatsReport>;
  /** Whether media has been there and is not to be expected now. */
  readonly interrupted: () => boolean;
  readonly onWarning: (warning: Warning, raised: boolean) => void;
  /** There is a microphone from now on. */
  readonly onMicrophone: () => void;
}

export interface Live {
  readonly devices: Devices;
  /** Has the server know of it. */
  readonly tell: Tell;
  /** How loud the microphone is just now, 0 to 1. */
  level(): number;
  quality(): Quality | null;
  /** There is sound: keeps the screen on, and looks once a second how the call fares. */
  watch(): void;
  close(): void;
}

export function attend(ports: LivePorts): Live {
  const { voice, later } = ports;
  const health = createHealth();
  const meter = createMeter(voice.track());
  voice.onTrack(meter.follow);
  const devices = createDevices({
    voice,
    audio: ports.audio,
    media: ports.mediaDevices,
    later,
    isListening: () => ports.wishes().listening,
    onMicrophone: ports.onMicrophone,
    onMicrophoneLost: (lost) => ports.onWarning("microphone_lost", lost),
  });
  const wake = keepAwake();
  let raised: readonly Warning[] = [];
  let telling: Promise<Tell> | null = null;
  let closed = false;

  function watch(): void {
    later(LOOK_MS, () => {
      if (!closed) {
        void look().finally(watch);
      }
    });
  }

  async function look(): Promise<void> {
    const seen = totals(await ports.stats());
    const interrupted = ports.interrupted();
    const peakDb = meter.peak();
    const at = ports.now();
    const now = health.look({ ...seen, ...ports.wishes(), at, peakDb, interrupted });
    if (closed) {
      return;
    }
    for (const warning of new Set([...raised, ...now])) {
      if (raised.includes(warning) !== now.includes(warning)) {
        ports.onWarning(warning, now.includes(warning));
      }
    }
    raised = now;
  }

  return {
    devices,
    tell(...said) {
      telling ??= loadPart(() => import("./telling.ts")).then((part) => part.createTelling(ports));
      telling.then((tell) => tell(...said)).catch(() => undefined);
    },
    level: meter.level,
    quality: health.quality,
    watch() {
      wake.hold();
      watch();
    },
    close() {
      closed = true;
      wake.release();
      devices.close();
      meter.close();
    },
  };
}
