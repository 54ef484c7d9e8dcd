/** Starts the real provider, if need be with another clock. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

import { freePort } from "../ports.ts";
import { until } from "../until.ts";

export interface RealProvider {
  readonly issuer: string;
  readonly stop: () => void;
}

/** `clock` is a difference as faketime takes it, such as `+5m`. */
export async function startProvider(callback: string, clock?: string): Promise<RealProvider> {
  const port = await freePort();
  const script = join(import.meta.dirname, "provider.mjs");
  const command = ["node", script, String(port), callback];
  const [program = "node", ...rest] = clock ? ["faketime", "-f", clock, ...command] : command;
  // In a group of its own: faketime waits for the program, and would leave it behind.
  const child: ChildProcess = spawn(program, rest, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until("the provider is ready", () => {
    if (child.exitCode !== null) throw new Error(`the provider stopped:\n${said}`);
    return said.includes("ready\n");
  });
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  return { issuer: `http://localhost:${port}`, stop };
}
