/** The real server: started on free ports with an empty data directory, and stopped at the end. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { certificate } from "./certificate.ts";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

const BINARY =
  process.env["BELLPUSH_BIN"] ?? join(import.meta.dirname, "../../../target/debug/bellpush");
export const API_KEY = `bp_${"browser-tests-".repeat(4)}`;

export interface Server {
  readonly url: string;
  readonly mediaPort: number;
  readonly log: () => string;
  /** Calls the management API; fails on any answer but 2xx. */
  readonly api: <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Starts it. In the options, `{port}` stands for the port of HTTP. */
export async function startServer(options: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const mediaPort = await freePort();
  const data = mkdtempSync(join(tmpdir(), "bellpush-browser-"));
  const url = `http://localhost:${port}`;
  const child = spawn(
    BINARY,
    [
      "serve",
      "--listen",
      `127.0.0.1:${port}`,
      "--media-listen",
      `0.0.0.0:${mediaPort}`,
      "--data-dir",
      data,
      "--admin-api-key",
      API_KEY,
      "--allow-loopback-endpoints",
      "--log-level",
      "info,bellpush_server=debug",
      ...options.map((option) => option.replace("{port}", String(port))),
    ],
    {
      env: { ...process.env, SSL_CERT_FILE: certificate().file },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  await until("the server is ready", async () => {
    if (child.exitCode !== null) throw new Error(`the server stopped:\n${log}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    return answer?.ok === true;
  });
  return {
    url,
    mediaPort,
    log: () => log,
    api: async (method, path, body) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    stop: async () => {
      await stopped(child);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
