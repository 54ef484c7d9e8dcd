/** What the browser really hears and sends, read from the widget's own connection. */

import type { BrowserContext } from "@playwright/test";

interface Spied {
  peers: RTCPeerConnection[];
}

/** The widget's frame, whichever library drives its browser. */
interface Frame {
  evaluate(ask: () => Promise<Traffic>): Promise<Traffic>;
  evaluate(ask: (wanted: Wanted) => Promise<number | null>, wanted: Wanted): Promise<number | null>;
}

interface Wanted {
  readonly hertz: number;
  readonly within: number;
}

/** Runs in a page before its own code: keeps a reference to every peer connection that it makes. */
export function keepPeers(): void {
  const spied = window as unknown as Spied;
  spied.peers = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      spied.peers.push(this);
    }
  };
}

/** Has every page of a browser keep its peer connections. Before the pages are opened. */
export async function spyOnPeers(context: BrowserContext): Promise<void> {
  await context.addInitScript(keepPeers);
}

export interface Traffic {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
}

/** RTP counters of the widget's call. */
export function traffic(frame: Frame): Promise<Traffic> {
  return frame.evaluate(async () => {
    const peer = (window as unknown as Spied).peers.at(-1);
    const found = { packetsSent: 0, packetsReceived: 0, packetsLost: 0 };
    if (!peer) return found;
    for (const report of (await peer.getStats()).values()) {
      if (report.type === "outbound-rtp") found.packetsSent += report.packetsSent;
      if (report.type === "inbound-rtp") {
        found.packetsReceived += report.packetsReceived;
        found.packetsLost += report.packetsLost;
      }
    }
    return found;
  });
}

/**
 * Listens to what the visitor hears until the loudest frequency is near the wanted one, and tells
 * how many decibels it stands above the rest of the spectrum; null when it never was in time.
 *
 * By recording and decoding: an AudioContext that runs would need a loudspeaker in some browsers.
 */
export function hear(frame: Frame, hertz: number, within = 20_000): Promise<number | null> {
  return frame.evaluate(
    async ({ hertz, within }) => {
      const SECOND = 1_000;
      const end = performance.now() + within;
      const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
      const receiver = () => (window as unknown as Spied).peers.at(-1)?.getReceivers()[0];
      while (!receiver() && performance.now() < end) await pause(50);
      const track = receiver()?.track;
      if (!track) return null;

      const record = async (time: number): Promise<Float32Array> => {
        const recorder = new MediaRecorder(new MediaStream([track]));
        const parts: Blob[] = [];
        recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
        const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
        recorder.start();
        await pause(time);
        recorder.stop();
        await stopped;
        const file = await new Blob(parts).arrayBuffer();
        const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(file);
        return sound.getChannelData(0);
      };
      /** The strength of one frequency in decibels, by Goertzel's algorithm under a Hann window. */
      const strength = (samples: Float32Array, frequency: number): number => {
        const turn = 2 * Math.cos((2 * Math.PI * frequency) / 48_000);
        let [last, before] = [0, 0];
        samples.forEach((sample, index) => {
          const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / samples.length);
          [last, before] = [sample * hann + turn * last - before, last];
        });
        const power = last * last + before * before - turn * last * before;
        return Math.max(10 * Math.log10((16 * power) / samples.length ** 2), -150);
      };

      while (performance.now() < end) {
        const sound = await record(SECOND).catch(() => new Float32Array());
        for (let start = 0; start + 8_192 <= sound.length; start += 8_192) {
          const samples = sound.subarray(start, start + 8_192);
          const spectrum = Array.from({ length: 400 }, (_, index) => {
            const frequency = 100 + 10 * index;
            return { frequency, level: strength(samples, frequency) };
          });
          const loudest = spectrum.reduce((one, other) => (other.level > one.level ? other : one));
          const far = spectrum.filter(({ frequency }) => Math.abs(frequency - loudest.frequency) > 230);
          const rest = far.reduce((sum, { level }) => sum + level, 0) / far.length;
          const near = Math.abs(loudest.frequency - hertz) < 20;
          if (near && loudest.level > -60 && loudest.level - rest > 30) return loudest.level - rest;
        }
      }
      return null;
    },
    { hertz, within },
  );
}
