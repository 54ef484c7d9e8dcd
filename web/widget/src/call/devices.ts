/**
 * Microphones and loudspeakers: which there are, which is used, and what happens when one goes away.
 *
 * The visitor's choice is remembered, and found again by its id, or else by its label: browsers give
 * other ids after the site's data was deleted.
 */

import { type DeviceKind, remember, remembered } from "../memory.ts";
import { askMicrophone, onMicrophoneAllowed, type Voice } from "../microphone.ts";
import { keepPlaying } from "./playing.ts";

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DeviceChoice {
  readonly devices: readonly Device[];
  /** The id of the one in use; null where that is not known. */
  readonly chosen: string | null;
}

export type DeviceList = { readonly [K in DeviceKind]: DeviceChoice };

export interface Devices {
  /** No loudspeakers where the browser has only one for us. */
  list(): Promise<DeviceList>;
  /** False when the device could not be used; the one before goes on. */
  choose(kind: DeviceKind, id: string): Promise<boolean>;
  /** Is called whenever the list may have changed. */
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface DevicePorts {
  readonly voice: Voice;
  readonly audio: HTMLAudioElement;
  readonly media: MediaDevices | undefined;
  readonly later: (ms: number, run: () => void) => void;
  /** Whether the visitor listens without a microphone. */
  readonly isListening: () => boolean;
  /** There is a microphone from now on. */
  readonly onMicrophone: () => void;
  /** Whether the microphone is gone, with none in its place. */
  readonly onMicrophoneLost: (lost: boolean) => void;
}

/** Not every browser tells of every device, such as Chromium of a Bluetooth headset on Linux. */
const LOOK_AGAIN_MS = 2000;

const KINDS = { microphone: "audioinput", speaker: "audiooutput" } as const;

export function createDevices(ports: DevicePorts): Devices {
  const { voice, audio, media, later, onMicrophoneLost } = ports;
  const stopPlaying = keepPlaying({ audio, media, later });
  const listeners = new Set<() => void>();
  let closed = false;
  let lost = false;
  let replacing = false;
  /** The microphones that there were when another one was last looked for. */
  let tried = "";

  async function devices(kind: DeviceKind): Promise<readonly Device[]> {
    const all = await Promise.resolve(media?.enumerateDevices()).catch(() => undefined);
    return (
      (all ?? [])
        .filter((device) => device.kind === KINDS[kind] && device.label !== "")
        // A second name of one that is in the list anyway.
        .filter(({ deviceId }) => deviceId !== "communications")
        .map(({ deviceId, label }) => ({ id: deviceId, label }))
    );
  }

  /** All microphones, as one text to compare. */
  async function microphones(): Promise<string> {
    return (await devices("microphone")).map(({ id, label }) => `${id} ${label}`).join("\n");
  }

  async function choice(kind: DeviceKind): Promise<DeviceChoice> {
    if (kind === "speaker" && !("setSinkId" in audio)) {
      return { devices: [], chosen: null };
    }
    const found = await devices(kind);
    const id = kind === "speaker" ? audio.sinkId : voice.track()?.getSettings().deviceId;
    // No name at all is the default one.
    return { devices: found, chosen: id || (found[0]?.id ?? null) };
  }

  async function wanted(kind: DeviceKind): Promise<Device | null> {
    const wish = remembered(kind);
    if (wish === null) {
      return null;
    }
    const found = await devices(kind);
    return (
      found.find(({ id }) => id === wish.id) ??
      found.find(({ label }) => label === wish.label) ??
      null
    );
  }

  async function use(kind: DeviceKind, id: string): Promise<boolean> {
    try {
      if (kind === "speaker") {
        await audio.setSinkId(id);
      } else {
        listen(await askMicrophone(id));
      }
      return true;
    } catch {
      return false;
    }
  }

  function listen(stream: MediaStream | null): void {
    if (stream !== null) {
      // First: never is one heard without a sign of it on the screen.
      ports.onMicrophone();
    }
    voice.use(stream);
    const track = voice.track();
    track?.addEventListener("ended", () => track === voice.track() && void replace());
    if (stream !== null && lost) {
      lost = false;
      onMicrophoneLost(false);
    }
  }

  /** The microphone has gone away: the wanted one, or else any other, takes its place. */
  async function replace(): Promise<void> {
    if (closed || replacing) {
      return;
    }
    replacing = true;
    tried = await microphones();
    const wish = await wanted("microphone");
    let stream: MediaStream | null = null;
    for (const id of wish === null ? [undefined] : [wish.id, undefined]) {
      stream ??= await askMicrophone(id).catch(() => null);
    }
    replacing = false;
    if (closed) {
      voice.use(stream);
    } else if (stream !== null) {
      listen(stream);
    } else if (!lost) {
      lost = true;
      onMicrophoneLost(true);
      lookAgain();
    }
  }

  /** Without a word of the browser: nobody is asked anything unless there are other microphones. */
  function lookAgain(): void {
    later(LOOK_AGAIN_MS, async () => {
      if (lost && !closed) {
        const found = await microphones();
        if (found !== "" && found !== tried) {
          await replace();
        }
        lookAgain();
      }
    });
  }

  /** Follows the remembered choice, and the system's default where there is none. */
  async function settle(): Promise<void> {
    const track = voice.track();
    const microphone = await wanted("microphone");
    const speaker = await wanted("speaker");
    if (closed) {
      return;
    }
    if (lost) {
      await replace();
    } else if (track !== null && track === voice.track() && !ports.isListening()) {
      const { deviceId } = track.getSettings();
      const found = await devices("microphone");
      const followed = found.find(({ id }) => id === "default");
      if (microphone !== null) {
        // Where the browser does not say which one is used, there is nothing to compare.
        if (deviceId !== undefined && deviceId !== "" && deviceId !== microphone.id) {
          await use("microphone", microphone.id);
        }
      } else if (deviceId === "default" && followed && followed.label !== track.label) {
        await use("microphone", "default");
      }
    }
    if (speaker !== null && "setSinkId" in audio && audio.sinkId !== speaker.id) {
      await use("speaker", speaker.id);
    }
  }

  function changed(): void {
    void settle().then(() => {
      for (const listener of listeners) {
        listener();
      }
    });
  }

  const track = voice.track();
  track?.addEventListener("ended", () => track === voice.track() && void replace());
  media?.addEventListener("devicechange", changed);
  // One that was forbidden in the call, and is allowed again, is there again without a word of devices.
  onMicrophoneAllowed(() => lost && void replace());
  void settle();
  return {
    list: async () => ({
      microphone: await choice("microphone"),
      speaker: await choice("speaker"),
    }),
    async choose(kind, id) {
      const used = await use(kind, id);
      const device = (await devices(kind)).find((one) => one.id === id);
      if (used && device !== undefined) {
        remember(kind, device);
      }
      return used;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      closed = true;
      stopPlaying();
      media?.removeEventListener("devicechange", changed);
      listeners.clear();
    },
  };
}
