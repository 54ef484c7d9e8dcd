/**
 * A sound server of a test's own, PulseAudio, with microphones that can be pulled out and a loudspeaker in
 * front of which somebody listens: real devices to the browser, with nothing of its own faked.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fromPcm16, type Sound } from "./sound.ts";
import { until } from "./until.ts";

export interface SoundServer {
  /** What a browser's environment has to have, to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Plugs a microphone in, the default from now on, in front of which a tone is played in bursts. */
  readonly plugIn: (name: string, hertz: number) => PluggedIn;
  /**
   * Listens to its loudspeaker: all that it plays is kept, silence as well. After a microphone was plugged in:
   * whoever listens to what is the default would follow to the next one.
   */
  readonly listen: () => Promise<Ear>;
  readonly stop: () => Promise<void>;
}

export interface Ear {
  /** By `performance.now()`, when what is heard begins. */
  readonly since: number;
  /** What was heard so far. */
  readonly heard: () => Sound;
}

export interface PluggedIn {
  /** The device is gone, in the middle of whatever it was used for. */
  readonly pullOut: () => void;
}

const RATE = 48_000;
/** Enough for what telephones say. */
const EAR_RATE = 8_000;
/** A steady tone would be taken for noise by a browser's noise suppression; speech comes in bursts. */
const BURST = { on: 0.35, off: 0.15 };

/** Starts one without any device, or with a loudspeaker. */
export async function startSoundServer(has?: "loudspeaker"): Promise<SoundServer> {
  const folder = mkdtempSync(join(tmpdir(), "bellpush-sound-"));
  const socket = join(folder, "native");
  const environment = {
    PULSE_SERVER: `unix:${socket}`,
    PULSE_RUNTIME_PATH: folder,
    PULSE_STATE_PATH: folder,
    PULSE_COOKIE: join(folder, "cookie"),
  };
  const env = { ...process.env, ...environment };
  let log = "";
  const server = spawn(
    "pulseaudio",
    [
      // No devices of the machine, and no other settings of it.
      "-n",
      "--daemonize=no",
      "--use-pid-file=no",
      "--exit-idle-time=-1",
      "--disable-shm=yes",
      "--load",
      `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    ],
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  server.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const pactl = (...words: string[]) =>
    execFileSync("pactl", words, { env, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trim();
  const voices: ChildProcess[] = [];

  await until("the sound server is ready", () => {
    if (server.exitCode !== null) throw new Error(`the sound server stopped:\n${log}`);
    try {
      return pactl("info") !== "";
    } catch {
      return false;
    }
  });
  if (has !== undefined) {
    pactl("load-module", "module-null-sink", `sink_name=${has}`, `rate=${RATE}`);
    pactl("set-default-sink", has);
  }
  return {
    environment,
    plugIn(name, hertz) {
      const description = `device.description=${name}`;
      const room = pactl("load-module", "module-null-sink", `sink_name=room-${name}`, `rate=${RATE}`);
      voices.push(speak(`room-${name}`, hertz, env));
      // Browsers leave out the monitor of a loudspeaker itself.
      const module = pactl(
        "load-module",
        "module-remap-source",
        `source_name=${name}`,
        `master=room-${name}.monitor`,
        `source_properties=${description}`,
      );
      pactl("set-default-source", name);
      return {
        pullOut: () => {
          pactl("unload-module", module);
          // Without it there is no other source that streams could be moved to.
          pactl("unload-module", room);
        },
      };
    },
    async listen() {
      const parts: Buffer[] = [];
      const ear = spawn(
        "parec",
        [
          ...["--device=loudspeaker.monitor", "--format=s16le", `--rate=${EAR_RATE}`],
          ...["--channels=1", "--raw", "--latency-msec=20"],
        ],
        { env, stdio: ["ignore", "pipe", "ignore"] },
      );
      voices.push(ear);
      ear.stdout.on("data", (part: Buffer) => parts.push(part));
      const heard = () => ({ rate: EAR_RATE, samples: fromPcm16(Buffer.concat(parts)) });
      await until("the loudspeaker is heard", () => parts.length > 0);
      const since = performance.now() - (heard().samples.length / EAR_RATE) * 1000;
      return { since, heard };
    },
    async stop() {
      for (const voice of voices) voice.kill();
      server.kill();
      await until("the sound server is gone", () => server.exitCode !== null || server.signalCode);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Plays the tone there until it is killed. */
function speak(sink: string, hertz: number, env: NodeJS.ProcessEnv): ChildProcess {
  const player = spawn(
    "pacat",
    ["--playback", `--device=${sink}`, "--format=s16le", `--rate=${RATE}`, "--channels=1", "--raw"],
    { env, stdio: ["pipe", "ignore", "ignore"] },
  );
  const burst = Buffer.alloc(RATE * (BURST.on + BURST.off) * 2);
  for (let index = 0; index < RATE * BURST.on; index += 1) {
    burst.writeInt16LE(
      Math.round(16_000 * Math.sin((2 * Math.PI * hertz * index) / RATE)),
      index * 2,
    );
  }
  const { stdin } = player;
  // It is killed in the middle of a sentence.
  stdin.on("error", () => undefined);
  const go = () => {
    while (stdin.write(burst));
  };
  stdin.on("drain", go);
  go();
  return player;
}
