/** A real TURN server, for visitors whose network blocks UDP. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./until.ts";

export interface Turn {
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export interface TurnOptions {
  readonly port: number;
  readonly secret: string;
  /** The first and the last port that it relays by. */
  readonly relay: readonly [number, number];
}

/** Starts coturn, reached by TCP alone. */
export async function startTurn({ port, secret, relay }: TurnOptions): Promise<Turn> {
  const folder = mkdtempSync(join(tmpdir(), "bellpush-turn-"));
  const [least, most] = relay;
  const child = spawn(
    "/usr/bin/turnserver",
    [
      "-n",
      "--listening-ip=127.0.0.1",
      `--listening-port=${port}`,
      "--relay-ip=127.0.0.1",
      `--min-port=${least}`,
      `--max-port=${most}`,
      "--use-auth-secret",
      `--static-auth-secret=${secret}`,
      "--realm=bellpush.test",
      "--no-udp",
      "--no-tls",
      "--no-dtls",
      "--no-cli",
      // Everything is on this machine here.
      "--allow-loopback-peers",
      "--log-file=stdout",
      `--pidfile=${join(folder, "pid")}`,
      `--userdb=${join(folder, "db")}`,
      "--verbose",
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  await until("the TURN server listens", () => {
    if (child.exitCode !== null) throw new Error(`the TURN server stopped:\n${log}`);
    return new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  });
  return {
    log: () => log,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        child.kill("SIGTERM");
      }),
  };
}
