/**
 * Keeps the far side audible. Browsers pause what plays when its loudspeaker goes away, and do not go on
 * by themselves when there is another one.
 */

export interface PlayingPorts {
  readonly audio: HTMLAudioElement;
  readonly media: MediaDevices | undefined;
  readonly later: (ms: number, run: () => void) => void;
}

const AGAIN_MS = 1000;

/** Returns what stops it. */
export function keepPlaying({ audio, media, later }: PlayingPorts): () => void {
  let stopped = false;
  let waiting = false;

  /** Begun without one, it would play into nothing for good. Some browsers tell of none. */
  async function hasLoudspeaker(): Promise<boolean> {
    const all = await Promise.resolve(media?.enumerateDevices()).catch(() => undefined);
    return !("setSinkId" in audio) || all?.some(({ kind }) => kind === "audiooutput") === true;
  }

  function paused(): void {
    if (waiting || stopped) {
      return;
    }
    waiting = true;
    later(AGAIN_MS, async () => {
      const possible = audio.paused && (await hasLoudspeaker());
      const { srcObject } = audio;
      if (possible && srcObject !== null && !stopped) {
        // What it plays is bound to the loudspeaker that is gone.
        audio.srcObject = null;
        audio.srcObject = srcObject;
        await audio.play().catch(() => undefined);
      }
      waiting = false;
      if (audio.paused) {
        paused();
      }
    });
  }

  audio.addEventListener("pause", paused);
  return () => {
    stopped = true;
    audio.removeEventListener("pause", paused);
  };
}
