/** The sound of one call: an `RTCPeerConnection` with the microphone on one side and an audio element on the other. */

import type { IceServer } from "@bellpush/protocol";
import { type Look, look, type Quality, rate } from "./quality.ts";

export interface Media {
  /**
   * The offer. The server learns our address from ICE's own checks, so no candidate is awaited.
   * These servers may help media around a firewall.
   */
  offer(helpers: readonly IceServer[]): Promise<string>;
  answer(sdp: string): Promise<void>;
  setMuted(muted: boolean): void;
  /** False when the far side does not take telephone events. */
  sendDigit(digit: string): boolean;
  /** How loud the microphone is just now, 0 to 1. */
  level(): number;
  /** The network's quality since the last time asked; null while that is unknown. */
  quality(): Promise<Quality | null>;
  /** Nothing is heard or said any more; the connection stays. */
  silence(): void;
  close(): void;
}

export function openMedia(
  microphone: MediaStream,
  audio: HTMLAudioElement,
  onConnection: (state: RTCPeerConnectionState) => void,
): Media {
  const connection = new RTCPeerConnection();
  const tracks = microphone.getAudioTracks();
  const senders = tracks.map((track) => connection.addTrack(track, microphone));
  const meter = createMeter(microphone);
  let before: Look | null = null;

  connection.addEventListener("track", ({ track }) => {
    audio.srcObject = new MediaStream([track]);
    void audio.play().catch(() => undefined);
  });
  connection.addEventListener("connectionstatechange", () =>
    onConnection(connection.connectionState),
  );

  function silence(): void {
    for (const track of tracks) {
      track.stop();
    }
    audio.srcObject = null;
    meter.close();
  }

  return {
    async offer(helpers) {
      if (helpers.length > 0) {
        const iceServers = helpers.map((server) => ({ ...server, urls: [...server.urls] }));
        connection.setConfiguration({ iceServers });
      }
      await connection.setLocalDescription(await connection.createOffer());
      return connection.localDescription?.sdp ?? "";
    },
    answer: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
    setMuted(muted) {
      for (const track of tracks) {
        track.enabled = !muted;
      }
    },
    sendDigit(digit) {
      const dtmf = senders[0]?.dtmf;
      if (!dtmf?.canInsertDTMF) {
        return false;
      }
      // A new call replaces what is still to be sent.
      dtmf.insertDTMF(dtmf.toneBuffer + digit, 100, 70);
      return true;
    },
    level: meter.level,
    async quality() {
      const after = look(await connection.getStats());
      const rated = before === null ? null : rate(before, after);
      before = after;
      return rated;
    },
    silence,
    close() {
      silence();
      connection.close();
    },
  };
}

function createMeter(microphone: MediaStream): {
  readonly level: () => number;
  readonly close: () => void;
} {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(microphone).connect(analyser);
  void context.resume().catch(() => undefined);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // Speech lies between about -50 and -10 dB of full scale.
      const decibels = 10 * Math.log10(power + 1e-9);
      return Math.min(1, Math.max(0, (decibels + 50) / 40));
    },
    close: () => void context.close().catch(() => undefined),
  };
}
