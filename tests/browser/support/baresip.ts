/** baresip as the telephone at the far end: answers, plays a tone, and records what it hears. */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { certificate } from "./certificate.ts";
import { freePort } from "./ports.ts";
import { fromWav, type Sound, sine, wav } from "./sound.ts";
import { until } from "./until.ts";

export interface Baresip {
  /** Its SIP port on 127.0.0.1, by UDP and TCP. */
  readonly port: number;
  /** Its SIP port by TLS. */
  readonly tlsPort: number;
  /** What it has heard in its latest call so far; null before there is a call. */
  readonly heard: () => Sound | null;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export type Codec = "PCMU" | "PCMA" | "opus";

/** Whether it encrypts its media with keys in the SDP: `srtp` if the caller does, `srtp-mand` always. */
export type Encryption = "none" | "srtp" | "srtp-mand";

/** How baresip names a codec in an account, and what its module wants of a sound file: no other is played. */
const CODECS = {
  PCMA: { name: "PCMA", module: "g711.so", rate: 8_000, channels: 1 },
  PCMU: { name: "PCMU", module: "g711.so", rate: 8_000, channels: 1 },
  opus: { name: "opus/48000/2", module: "opus.so", rate: 48_000, channels: 2 },
} as const;

/** Starts one that speaks a codec alone and says a tone. */
export async function startBaresip(
  codec: Codec,
  hertz: number,
  encryption: Encryption = "none",
): Promise<Baresip> {
  const { name, module, rate, channels } = CODECS[codec];
  const folder = mkdtempSync(join(tmpdir(), "bellpush-baresip-"));
  writeFileSync(join(folder, "tone.wav"), wav(sine(rate, 60, hertz), channels));
  const port = await freePort();
  writeFileSync(
    join(folder, "config"),
    [
      `sip_listen 127.0.0.1:${port}`,
      `sip_certificate ${certificate().withKey}`,
      "net_interface 127.0.0.1",
      "module_path /usr/lib/baresip/modules",
      ...[module, "aufile.so", "aubridge.so", "sndfile.so", "srtp.so"].map(
        (file) => `module ${file}`,
      ),
      "module_tmp account.so",
      "module_app menu.so",
      `audio_source aufile,${join(folder, "tone.wav")}`,
      // A loudspeaker that nobody hears, so that what arrives is decoded and recorded.
      "audio_player aubridge,nobody",
      "audio_alert aufile,none",
      "rtp_ports 30000-31000",
      `snd_path ${folder}`,
      "",
    ].join("\n"),
  );
  writeFileSync(
    join(folder, "accounts"),
    `<sip:desk@127.0.0.1:${port}>;regint=0;answermode=auto;audio_codecs=${name}${
      encryption === "none" ? "" : `;mediaenc=${encryption}`
    }\n`,
  );
  writeFileSync(join(folder, "contacts"), "");
  const child = spawn("baresip", ["-f", folder], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  const keep = (chunk: Buffer) => {
    log += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  await until("baresip is ready", () => {
    if (child.exitCode !== null) throw new Error(`baresip stopped:\n${log}`);
    return log.includes("baresip is ready");
  });
  return {
    port,
    // It adds one by itself.
    tlsPort: port + 1,
    heard: () => {
      const file = readdirSync(folder)
        .filter((name) => name.endsWith("-dec.wav"))
        .sort()
        .at(-1);
      if (!file) return null;
      return fromWav(readFileSync(join(folder, file)));
    },
    log: () => log,
    stop: async () => {
      await new Promise<void>((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
