/** Several servers on one PostgreSQL, behind a load balancer: for the visitor they are one. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startBalancer } from "./balancer.ts";
import { apiOf, HERE, type Server, startServer } from "./server.ts";

export interface Cluster extends Server {
  /** Each with its own URL. */
  readonly nodes: readonly Server[];
  /** Starts one more, with this port for HTTP. */
  readonly join: (port: number) => Promise<void>;
}

/** An administrator's URL of the PostgreSQL that the tests run against. */
const POSTGRES = process.env["BELLPUSH_TEST_POSTGRES"];

/** Why there can't be several servers here; null where there can. */
export function whyNoCluster(): string | null {
  if (POSTGRES !== undefined) return null;
  const reason = "BELLPUSH_TEST_POSTGRES names no PostgreSQL";
  if (process.env["CI"] !== undefined) throw new Error(reason);
  return reason;
}

/** Starts them, all with these options. */
export async function startCluster(count: number, options: readonly string[]): Promise<Cluster> {
  const admin = POSTGRES ?? "";
  const name = `bellpush_test_browser_${randomBytes(8).toString("hex")}`;
  const database = new URL(admin);
  database.pathname = `/${name}`;
  const run = (url: string, statement: string) =>
    execFileSync("psql", ["--quiet", "--no-psqlrc", "--dbname", url, "--command", statement]);
  run(admin, `CREATE DATABASE ${name}`);
  const folder = mkdtempSync(join(tmpdir(), "bellpush-cluster-"));
  const key = join(folder, "master.key");
  writeFileSync(key, `1:${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });

  const nodes: Server[] = [];
  const balancer = await startBalancer(() => nodes.map(({ url }) => url));
  const all = [
    ...["--database-url", database.href, "--master-key-file", key],
    ...["--public-url", balancer.url, "--node-url", "http://localhost:{port}"],
    ...options,
  ];
  const stop = async () => {
    await Promise.all(
      nodes.map((node) => {
        // One that stands still could not end.
        node.signal("SIGCONT");
        return node.stop();
      }),
    );
    balancer.stop();
    run(admin, `DROP DATABASE ${name} WITH (FORCE)`);
    rmSync(folder, { recursive: true, force: true });
  };
  const add = async (port?: number) => {
    const first = 20_000 + nodes.length * 1000;
    nodes.push(await startServer([...all, "--rtp-ports", `${first}-${first + 999}`], HERE, port));
  };
  try {
    // One after the other: the first one brings the schema.
    for (let index = 0; index < count; index += 1) {
      await add();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [first] = nodes as [Server];
  const each = (act: (node: Server) => Promise<void>) => Promise.all(nodes.map(act)).then(() => undefined);
  return {
    ...first,
    nodes,
    join: add,
    url: balancer.url,
    api: apiOf(balancer.url),
    log: () => nodes.map((node, index) => `── server ${index + 1}\n${node.log()}`).join("\n"),
    sql: (statement) => void run(database.href, statement),
    signal: (signal) => nodes.forEach((node) => node.signal(signal)),
    kill: () => each((node) => node.kill()),
    restart: () => each((node) => node.restart()),
    stop,
  };
}
