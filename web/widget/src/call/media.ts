/** The sound of one call: an `RTCPeerConnection` with the microphone on one side and an audio element on the other. */

import type { IceServer } from "@bellpush/protocol";
import type { Voice } from "../microphone.ts";

export interface Media {
  /**
   * The offer. The server learns our address from ICE's own checks, so no candidate is awaited.
   * These servers may help media around a firewall.
   */
  offer(helpers: readonly IceServer[]): Promise<string>;
  /** An offer that restarts ICE; one that was never answered is taken back first. */
  restart(helpers: readonly IceServer[]): Promise<string>;
  answer(sdp: string): Promise<void>;
  /** False when the far side does not take telephone events, or no packets flow that they could be in. */
  sendDigit(digit: string): boolean;
  stats(): Promise<RTCStatsReport>;
  /** Whether sound has come that would be heard by now. */
  hasSound(): boolean;
  /** Plays what is heard, in place of what plays by then; within a tap of the visitor where browsers want one. */
  play(): void;
  /** Nothing is heard or said any more; the connection stays. */
  silence(): void;
  close(): void;
}

/** `closed`: the far end of the connection has closed it. */
export type ConnectionState = "connected" | "disconnected" | "failed" | "closed";

export interface MediaPorts {
  readonly voice: Voice;
  readonly audio: HTMLAudioElement;
  /** It is heard when it is asked to play, not before: another one is heard until then. */
  readonly waits: boolean;
  readonly onConnection: (state: ConnectionState) => void;
  /** Whether the browser refuses to play before the visitor has tapped. */
  readonly onBlocked: (blocked: boolean) => void;
}

export function openMedia({ voice, audio, waits, onConnection, onBlocked }: MediaPorts): Media {
  const connection = new RTCPeerConnection();
  const track = voice.track();
  const { sender, receiver } = connection.addTransceiver(track ?? "audio", {
    direction: "sendrecv",
    streams: track === null ? [] : [new MediaStream([track])],
  });
  let heard: MediaStream | null = null;
  voice.onTrack((next) => {
    sender.replaceTrack(next).catch(() => undefined);
  });

  function play(): void {
    if (heard !== null && audio.srcObject !== heard) {
      audio.srcObject = heard;
    }
    audio.play().then(
      () => onBlocked(false),
      (error: unknown) => {
        // Anything else than a refusal is a play that another one has replaced.
        if (error instanceof DOMException && error.name === "NotAllowedError") {
          onBlocked(true);
        }
      },
    );
  }

  connection.addEventListener("track", ({ track }) => {
    heard = new MediaStream([track]);
    if (!waits) {
      play();
    }
  });
  connection.addEventListener("connectionstatechange", () => {
    const state = connection.connectionState;
    if (state !== "new" && state !== "connecting") {
      onConnection(state);
    }
  });

  function help(helpers: readonly IceServer[]): void {
    if (helpers.length > 0) {
      const iceServers = helpers.map((server) => ({ ...server, urls: [...server.urls] }));
      connection.setConfiguration({ iceServers });
    }
  }

  async function offer(options: RTCOfferOptions): Promise<string> {
    await connection.setLocalDescription(await connection.createOffer(options));
    return connection.localDescription?.sdp ?? "";
  }

  return {
    offer(helpers) {
      help(helpers);
      return offer({});
    },
    async restart(helpers) {
      if (connection.signalingState === "have-local-offer") {
        await connection.setLocalDescription({ type: "rollback" });
      }
      help(helpers);
      return offer({ iceRestart: true });
    },
    async answer(sdp) {
      await connection.setRemoteDescription({ type: "answer", sdp });
      // The end of DTLS is how a far end that hangs up is noticed without a word.
      const transport = sender.transport;
      transport?.addEventListener("statechange", () => {
        if (transport.state === "closed" && connection.signalingState !== "closed") {
          onConnection("closed");
        }
      });
    },
    sendDigit(digit) {
      const { dtmf } = sender;
      if (!dtmf?.canInsertDTMF || sender.track?.readyState !== "live") {
        return false;
      }
      // A new call replaces what is still to be sent.
      dtmf.insertDTMF(dtmf.toneBuffer + digit, 100, 70);
      return true;
    },
    stats: () => connection.getStats(),
    hasSound: () => receiver.getSynchronizationSources().length > 0,
    play,
    silence() {
      voice.stop();
      audio.srcObject = null;
      heard = null;
    },
    close: () => connection.close(),
  };
}
