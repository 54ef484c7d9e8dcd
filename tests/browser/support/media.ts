/** What the browser really hears and sends, read from the widget's own connection. */

import type { BrowserContext } from "@playwright/test";

import { fromPcm16, type Sound, type Tone, tones } from "./sound.ts";

interface Spied {
  peers: RTCPeerConnection[];
  /** The one that the call has now: another one may be on offer, or was given up. */
  peer: () => RTCPeerConnection | undefined;
}

/** The widget's frame, whichever library drives its browser. */
interface Frame {
  evaluate(ask: () => Promise<Traffic>): Promise<Traffic>;
  evaluate(ask: () => Promise<Reports>): Promise<Reports>;
  evaluate(ask: (length: Length) => Promise<string>, length: Length): Promise<string>;
}

/** Runs in a page before its own code: keeps a reference to every peer connection that it makes. */
export function keepPeers(): void {
  const spied = window as unknown as Spied;
  spied.peers = [];
  spied.peer = () =>
    spied.peers.findLast((peer) => peer.connectionState === "connected") ?? spied.peers.at(-1);
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
  /** What is heard and what is said, such as `audio/opus`. */
  readonly codecs: readonly (string | undefined)[];
  /** Bits per second that the browser encodes what is said with, where it chooses. */
  readonly targetBitrate: number | undefined;
}

/** What RTP the widget's call has. */
export function traffic(frame: Frame): Promise<Traffic> {
  return frame.evaluate(async () => {
    const peer = (window as unknown as Spied).peer();
    const found = { packetsSent: 0, packetsReceived: 0, packetsLost: 0 };
    let heard: string | undefined;
    let said: string | undefined;
    let targetBitrate: number | undefined;
    const stats = await peer?.getStats();
    for (const report of stats?.values() ?? []) {
      const codec = stats?.get(report.codecId)?.mimeType;
      if (report.type === "outbound-rtp") {
        found.packetsSent += report.packetsSent;
        said = codec;
        targetBitrate = report.targetBitrate;
      }
      if (report.type === "inbound-rtp") {
        found.packetsReceived += report.packetsReceived;
        found.packetsLost += report.packetsLost;
        heard = codec;
      }
    }
    return { ...found, codecs: [heard, said], targetBitrate };
  });
}

export interface Reports {
  /** How often the server told of what it sends. */
  readonly ofSender: number;
  /** From the browser to the server and back, in seconds, as the server's reports tell; null before. */
  readonly roundTrip: number | null;
}

/** What the browser was told by the server's reports (RTCP). */
export function reports(frame: Frame): Promise<Reports> {
  return frame.evaluate(async () => {
    const found: { ofSender: number; roundTrip: number | null } = { ofSender: 0, roundTrip: null };
    const stats = await (window as unknown as Spied).peer()?.getStats();
    for (const report of stats?.values() ?? []) {
      if (report.type === "remote-outbound-rtp") found.ofSender += report.reportsSent;
      if (report.type === "remote-inbound-rtp") found.roundTrip = report.roundTripTime ?? null;
    }
    return found;
  });
}

/**
 * Listens to what the visitor hears until the loudest frequency is near the wanted one, loud and
 * clear of all else; null when it never was in time.
 */
export async function hear(frame: Frame, hertz: number, within = 20_000): Promise<Tone | null> {
  const end = Date.now() + within;
  while (Date.now() < end) {
    const bytes = Buffer.from(await frame.evaluate(record, { milliseconds: 1_000 }), "base64");
    for (const tone of tones({ rate: RATE, samples: fromPcm16(bytes) })) {
      if (Math.abs(tone.hertz - hertz) < 20 && tone.level > -60 && tone.above > 30) return tone;
    }
  }
  return null;
}

/** Begins to keep what the visitor hears, without a hole. */
export function startRecording(frame: RecordedFrame): Promise<void> {
  return frame.evaluate(() => {
    const track = (window as unknown as Spied).peer()?.getReceivers()[0]?.track;
    if (!track) throw new Error("there is no call to record");
    const recorder = new MediaRecorder(new MediaStream([track]));
    const parts: Blob[] = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    Object.assign(window, { recording: { recorder, parts } satisfies Recording });
    recorder.start();
  });
}

/** Ends that; what was heard. */
export async function stopRecording(frame: RecordedFrame): Promise<Sound> {
  const rate = 8_000;
  const bytes = await frame.evaluate(async (rate: number) => {
    const { recorder, parts } = (window as unknown as { recording: Recording }).recording;
    const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
    recorder.stop();
    await stopped;
    const file = await new Blob(parts).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(file);
    const samples = Int16Array.from(sound.getChannelData(0), (sample) => sample * 32_767);
    return btoa(
      Array.from(new Uint8Array(samples.buffer), (byte) => String.fromCharCode(byte)).join(""),
    );
  }, rate);
  return { rate, samples: fromPcm16(Buffer.from(bytes, "base64")) };
}

interface Recording {
  readonly recorder: MediaRecorder;
  readonly parts: Blob[];
}

interface RecordedFrame {
  evaluate(ask: () => void): Promise<void>;
  evaluate(ask: (rate: number) => Promise<string>, rate: number): Promise<string>;
}

const RATE = 48_000;

interface Length {
  readonly milliseconds: number;
}

/**
 * Runs in the page: what the visitor hears for a while, as samples of 16 bits in base64; empty when
 * there is no call. By recording and decoding, because an AudioContext that runs needs a loudspeaker
 * in some browsers.
 */
async function record({ milliseconds }: Length): Promise<string> {
  const pause = () => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const track = (window as unknown as Spied).peer()?.getReceivers()[0]?.track;
  if (!track) {
    await pause();
    return "";
  }
  const recorder = new MediaRecorder(new MediaStream([track]));
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.start();
  await pause();
  recorder.stop();
  await stopped;
  const file = await new Blob(parts).arrayBuffer();
  try {
    const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(file);
    const samples = Int16Array.from(sound.getChannelData(0), (sample) => sample * 32_767);
    return btoa(
      Array.from(new Uint8Array(samples.buffer), (byte) => String.fromCharCode(byte)).join(""),
    );
  } catch {
    // Nothing was received yet, so that there is nothing to decode.
    return "";
  }
}
