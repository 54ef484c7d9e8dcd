/** What the browser really hears and sends, read from the widget's own connection. */

import type { BrowserContext, Frame } from "@playwright/test";

interface Spied {
  peers: RTCPeerConnection[];
}

/** Keeps a reference to every peer connection that any page makes. Before the pages are opened. */
export async function spyOnPeers(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const spied = window as unknown as Spied;
    spied.peers = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        spied.peers.push(this);
      }
    };
  });
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
 */
export function hear(frame: Frame, hertz: number, within = 20_000): Promise<number | null> {
  return frame.evaluate(
    async ({ hertz, within }) => {
      const end = performance.now() + within;
      const receiver = () => (window as unknown as Spied).peers.at(-1)?.getReceivers()[0];
      while (!receiver() && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const track = receiver()?.track;
      if (!track) return null;
      const context = new AudioContext({ sampleRate: 48_000 });
      await context.resume();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8_192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const width = context.sampleRate / analyser.fftSize;
      try {
        while (performance.now() < end) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          analyser.getFloatFrequencyData(bins);
          let loudest = 3;
          for (let bin = 3; bin < bins.length; bin += 1) {
            if ((bins[bin] ?? -200) > (bins[loudest] ?? -200)) loudest = bin;
          }
          const level = bins[loudest] ?? -200;
          const far = [...bins].filter((_, bin) => Math.abs(bin - loudest) > 40);
          const rest = far.reduce((sum, value) => sum + Math.max(value, -150), 0) / far.length;
          const near = Math.abs(loudest * width - hertz) < 20;
          if (near && level > -60 && level - rest > 30) return level - rest;
        }
        return null;
      } finally {
        await context.close();
      }
    },
    { hertz, within },
  );
}
