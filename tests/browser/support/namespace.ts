/**
 * A network of the visitor's own, in a namespace: two links to the server, of which one is up, as
 * a phone has Wi-Fi and mobile data. Needs root.
 */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Place } from "./server.ts";

export interface VisitorNetwork {
  /** How the server is to be started. */
  readonly place: Place;
  /** A program that runs Chromium in there, where `localhost` is the server's machine. */
  readonly chromium: string;
  /** Takes the one link down and the other one up: the visitor has another address at once. */
  readonly switchLinks: () => void;
  /** Takes the link down; returns the way back. */
  readonly unplug: () => () => void;
  /** Drops UDP in both directions; returns the way back. */
  readonly blockUdp: () => () => void;
  readonly close: () => void;
}

const TABLE = "bellpush_test";

const CHROMIUM = process.env["BELLPUSH_CHROMIUM"] ?? "/usr/bin/chromium";

/**
 * Why this machine gives no right to make such a network; null where it does. CI as root has to have
 * that right: there it is never a reason to leave a test out.
 */
export function whyNoNetworks(): string | null {
  const name = `bellpush-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    return null;
  } catch (error) {
    if (process.env["CI"] !== undefined && process.getuid?.() === 0) throw error;
    return `network namespaces can't be made here: ${error instanceof Error ? error.message : error}`;
  }
}

export function openVisitorNetwork(): VisitorNetwork {
  // Several may be there at the same time.
  const id = `${process.pid % 10_000}${Math.floor(Math.random() * 90) + 10}`;
  const prefix = `10.${100 + Math.floor(Math.random() * 150)}`;
  const namespace = `bellpush-${id}`;
  const server = `${prefix}.0.1`;
  const links = [1, 2].map((number) => ({
    outside: `bp${id}-${number}`,
    inside: `eth${number}`,
    gateway: `${prefix}.${number}.1`,
    address: `${prefix}.${number}.2`,
  }));
  const within = (...words: string[]) => ip("netns", "exec", namespace, ...words);
  const nft = (...words: string[]) => within("nft", ...words);
  const up = ({ inside, address, gateway }: (typeof links)[number]) => {
    within("ip", "addr", "replace", `${address}/24`, "dev", inside);
    within("ip", "link", "set", inside, "up");
    within("ip", "route", "replace", "default", "via", gateway);
  };
  const down = ({ inside, address }: (typeof links)[number]) => {
    within("ip", "addr", "del", `${address}/24`, "dev", inside);
    within("ip", "link", "set", inside, "down");
  };
  const [wifi, mobile] = links as [(typeof links)[number], (typeof links)[number]];

  const close = () => {
    ip("netns", "del", namespace);
    ip("addr", "del", `${server}/32`, "dev", "lo");
  };

  ip("netns", "add", namespace);
  try {
    ip("addr", "add", `${server}/32`, "dev", "lo");
    for (const { outside, inside, gateway } of links) {
      ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", namespace);
      ip("addr", "add", `${gateway}/24`, "dev", outside);
      ip("link", "set", outside, "up");
    }
    within("ip", "link", "set", "lo", "up");
    up(wifi);
  } catch (error) {
    close();
    throw error;
  }

  const folder = mkdtempSync(join(tmpdir(), "bellpush-network-"));
  const chromium = join(folder, "chromium");
  // The name stays, since browsers give the microphone to it without a certificate.
  const rules = `--host-resolver-rules="MAP localhost ${server}"`;
  writeFileSync(chromium, `#!/bin/sh\nexec ip netns exec ${namespace} ${CHROMIUM} ${rules} "$@"\n`);
  chmodSync(chromium, 0o755);
  return {
    place: { listen: "0.0.0.0", options: ["--media-addresses", server] },
    chromium,
    switchLinks: () => {
      down(wifi);
      up(mobile);
    },
    unplug: () => {
      down(wifi);
      return () => up(wifi);
    },
    blockUdp: () => {
      nft("add", "table", "inet", TABLE);
      for (const hook of ["input", "output"]) {
        nft("add", "chain", "inet", TABLE, hook, `{ type filter hook ${hook} priority 0; }`);
        nft("add", "rule", "inet", TABLE, hook, "meta", "l4proto", "udp", "drop");
      }
      return () => nft("delete", "table", "inet", TABLE);
    },
    close: () => {
      close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ip(...words: string[]): void {
  try {
    execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`networks of a test's own need iproute2, nftables and root: ${error}`);
  }
}
