/** The real server: started on free ports with an empty data directory, and stopped at the end. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { certificate } from "./certificate.ts";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

/** It may get next to nothing of the processors for a while, in milliseconds. */
const READY_WITHIN = 45_000;

const BINARY =
  process.env["BELLPUSH_BIN"] ?? join(import.meta.dirname, "../../../target/debug/bellpush");
export const API_KEY = `bp_${"browser-tests-".repeat(4)}`;

export interface Server {
  readonly url: string;
  readonly mediaPort: number;
  readonly log: () => string;
  /** Calls the management API; fails on any answer but 2xx. */
  readonly api: <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;
  /** Runs a statement in its database: for what only time would bring about. */
  readonly sql: (statement: string) => void;
  /** Sends the process a signal, and waits for nothing. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends the process as a crash does: it has no time for anything. */
  readonly kill: () => Promise<void>;
  /** Starts it again, on the same ports and the same data. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Where it can be found, always by the name `localhost`. */
export interface Place {
  /** The address that server and shop listen at. */
  readonly listen: string;
  readonly options: readonly string[];
}

export const HERE: Place = { listen: "127.0.0.1", options: [] };

/** Starts it. In the options, `{port}` stands for the port of HTTP, which is any free one unless it is given. */
export async function startServer(
  options: readonly string[] = [],
  { listen, options: ofPlace }: Place = HERE,
  given?: number,
): Promise<Server> {
  const port = given ?? (await freePort());
  const mediaPort = await freePort();
  const data = mkdtempSync(join(tmpdir(), "bellpush-browser-"));
  const url = `http://localhost:${port}`;
  const words = [
    "serve",
    "--listen",
    `${listen}:${port}`,
    "--media-listen",
    `0.0.0.0:${mediaPort}`,
    "--data-dir",
    data,
    "--admin-api-key",
    API_KEY,
    "--allow-loopback-endpoints",
    "--log-level",
    "info,bellpush_server=debug",
    ...ofPlace,
    ...options.map((option) => option.replace("{port}", String(port))),
  ];
  let log = "";
  let child: ChildProcess;
  async function start(): Promise<void> {
    child = spawn(BINARY, words, {
      env: { ...process.env, SSL_CERT_FILE: certificate().file },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    await until(
      "the server is ready",
      async () => {
        if (child.exitCode !== null) throw new Error(`the server stopped:\n${log}`);
        const answer = await fetch(`${url}/readyz`).catch(() => null);
        return answer?.ok === true;
      },
      READY_WITHIN,
    );
  }
  await start();
  return {
    url,
    mediaPort,
    log: () => log,
    api: apiOf(url),
    sql: (statement) => {
      const program =
        "import sqlite3, sys; base = sqlite3.connect(sys.argv[1], timeout=10); base.execute(sys.argv[2]); base.commit()";
      execFileSync("python3", ["-c", program, join(data, "bellpush.db"), statement]);
    },
    signal: (signal) => void child.kill(signal),
    kill: () => ended(child, "SIGKILL"),
    restart: start,
    stop: async () => {
      await ended(child, "SIGTERM");
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The management API at a URL. */
export function apiOf(url: string): Server["api"] {
  return async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

function ended(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}
