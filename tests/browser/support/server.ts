/** The real server: started on free ports with an empty data directory, and stopped at the end. */

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

export async function startServer(options: readonly string[] = []): Promise<Server> {
  const port = await freeTcpPort();
  const mediaPort = await freeUdpPort();
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
      ...options,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
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

function freeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createSocket("udp4");
    probe.once("error", reject);
    probe.bind(0, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
