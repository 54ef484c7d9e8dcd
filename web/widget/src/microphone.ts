/** The visitor's microphone and the element that plays the far side: both belong to the tap itself. */

import { remembered } from "./memory.ts";

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Asks for the microphone; the browser shows its question. Without a name, for the remembered one. */
export async function askMicrophone(deviceId?: string): Promise<MediaStream> {
  const known = remembered("microphone")?.id;
  const wish = deviceId === undefined ? known && { ideal: known } : { exact: deviceId };
  const audio = wish ? { ...CONSTRAINTS, deviceId: wish } : CONSTRAINTS;
  return navigator.mediaDevices.getUserMedia({ audio });
}

/** What is said: a track that may be replaced, and the wish to be mute, which outlives each track. */
export interface Voice {
  track(): MediaStreamTrack | null;
  /** Takes a stream's track in place of the present one; null: nothing is said. */
  use(stream: MediaStream | null): void;
  setMuted(muted: boolean): void;
  /** Is called with each new track, and with null. */
  onTrack(listener: (track: MediaStreamTrack | null) => void): void;
  /** The microphone is let go for good. */
  stop(): void;
}

export function createVoice(): Voice {
  let stream: MediaStream | null = null;
  let muted = false;
  let stopped = false;
  const listeners: ((track: MediaStreamTrack | null) => void)[] = [];
  const track = () => stream?.getAudioTracks()[0] ?? null;

  function apply(): void {
    for (const one of stream?.getAudioTracks() ?? []) {
      one.enabled = !muted;
    }
  }

  return {
    track,
    use(given) {
      if (stopped) {
        stopTracks(given);
        return;
      }
      const before = stream;
      stream = given;
      apply();
      for (const listener of listeners) {
        listener(track());
      }
      if (before !== given) {
        stopTracks(before);
      }
    },
    setMuted(wanted) {
      muted = wanted;
      apply();
    },
    onTrack: (listener) => void listeners.push(listener),
    stop() {
      stopped = true;
      stopTracks(stream);
    },
  };
}

function stopTracks(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) {
    track.stop();
  }
}

/** Silence in place of a microphone, so that packets flow; null where the browser makes none. */
export function createSilence(): MediaStream | null {
  try {
    return new AudioContext().createMediaStreamDestination().stream;
  } catch {
    return null;
  }
}

let element: HTMLAudioElement | null = null;

/**
 * The audio element, playing. Made and started within the tap and kept: Safari lets no element
 * begin to play later.
 */
export function startAudio(): HTMLAudioElement {
  if (element === null) {
    element = document.createElement("audio");
    element.autoplay = true;
    element.setAttribute("playsinline", "");
    document.body.append(element);
  }
  element.srcObject = typeof MediaStream === "function" ? new MediaStream() : null;
  void element.play().catch(() => undefined);
  return element;
}

interface Policy {
  allowsFeature(feature: string): boolean;
}

/** Whether the embedding page keeps the microphone from us; null where the browser does not tell. */
export function microphoneAllowedByPage(): boolean | null {
  const { permissionsPolicy, featurePolicy } = document as Document & {
    readonly permissionsPolicy?: Policy;
    readonly featurePolicy?: Policy;
  };
  const policy = permissionsPolicy ?? featurePolicy;
  return policy === undefined ? null : policy.allowsFeature("microphone");
}

/** What this browser brings along for a call. */
export interface BrowserFacts {
  readonly secure: boolean;
  readonly webRtc: boolean;
  /** Microphones can be asked for. */
  readonly devices: boolean;
  readonly userAgent: string;
}

/** Whether a call can be made with that. */
export function canCall({ webRtc, devices }: BrowserFacts, needsMicrophone: boolean): boolean {
  return webRtc && (devices || !needsMicrophone);
}

/** Looks what there is. */
export function browserFacts(): BrowserFacts {
  return {
    secure: window.isSecureContext,
    webRtc: typeof RTCPeerConnection === "function" && typeof MediaStream === "function",
    devices: typeof navigator.mediaDevices?.getUserMedia === "function",
    userAgent: navigator.userAgent,
  };
}

/** Calls back when the visitor allows the microphone after all, in the browser's settings. */
export function onMicrophoneAllowed(run: () => void): void {
  const name = "microphone" as PermissionName;
  void Promise.resolve(navigator.permissions?.query({ name }))
    .then((status) => {
      status?.addEventListener("change", () => status.state === "granted" && run());
    })
    // Firefox knew no such permission for long.
    .catch(() => undefined);
}
