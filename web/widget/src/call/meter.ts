/** How loud the microphone is. A meter that can't start shows nothing, and costs the call nothing. */

export interface Meter {
  /** How loud it is just now, 0 to 1. */
  level(): number;
  /** The loudest since last asked, in decibels of full scale, -Infinity for digital silence; null where that is unknown. */
  peak(): number | null;
  follow(track: MediaStreamTrack | null): void;
  close(): void;
}

/** Speech lies between about -50 and -10 dB of full scale. */
const QUIETEST_DB = -50;
const RANGE_DB = 40;
/** The window of samples at hand lasts 43 ms: often enough that no word falls between. */
const LOOK_MS = 100;

export function createMeter(first: MediaStreamTrack | null): Meter {
  let context: AudioContext | null = null;
  let analyser: AnalyserNode | null = null;
  let source: MediaStreamAudioSourceNode | null = null;
  /** Of its own, so that it hears the visitor also while the track of the call is mute. */
  let ear: MediaStreamTrack | null = null;
  let loudest: number | null = null;
  let samples = new Float32Array(0);
  let timer: ReturnType<typeof setInterval> | null = null;

  try {
    context = new AudioContext();
    analyser = context.createAnalyser();
    samples = new Float32Array(analyser.fftSize);
    void context.resume().catch(() => undefined);
    timer = setInterval(look, LOOK_MS);
  } catch {
    analyser = null;
  }

  function decibels(): number | null {
    if (analyser === null || source === null || context?.state !== "running") {
      return null;
    }
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return power === 0 ? Number.NEGATIVE_INFINITY : 10 * Math.log10(power);
  }

  function look(): void {
    const now = decibels();
    if (now !== null) {
      loudest = loudest === null ? now : Math.max(loudest, now);
    }
  }

  function letGo(): void {
    source?.disconnect();
    ear?.stop();
    source = null;
    ear = null;
    loudest = null;
  }

  function follow(track: MediaStreamTrack | null): void {
    letGo();
    try {
      if (track !== null && context !== null && analyser !== null) {
        ear = track.clone();
        ear.enabled = true;
        source = context.createMediaStreamSource(new MediaStream([ear]));
        source.connect(analyser);
      }
    } catch {
      letGo();
    }
  }

  follow(first);
  return {
    level() {
      const now = decibels() ?? Number.NEGATIVE_INFINITY;
      return Math.min(1, Math.max(0, (now - QUIETEST_DB) / RANGE_DB));
    },
    peak() {
      look();
      const heard = loudest;
      loudest = null;
      return heard;
    },
    follow,
    close() {
      letGo();
      if (timer !== null) {
        clearInterval(timer);
      }
      context?.close().catch(() => undefined);
      context = null;
    },
  };
}
