/** Cuts the media path as a lost network does: packets vanish, nobody is told. */

import { execFileSync } from "node:child_process";

/** Drops all that goes to and from a port of the server; returns the way back. Needs root. */
export function cutPort(port: number): () => void {
  return cut(port, ["udp", "tcp"]);
}

/** Drops UDP to and from the server's media port, and lets TCP through; returns the way back. Needs root. */
export function cutUdp(port: number): () => void {
  return cut(port, ["udp"]);
}

function cut(port: number, protocols: readonly string[]): () => void {
  const table = `bellpush_test_${port}`;
  nft(["add", "table", "inet", table]);
  nft(["add", "chain", "inet", table, "cut", "{ type filter hook input priority 0; }"]);
  for (const protocol of protocols) {
    for (const end of ["dport", "sport"]) {
      nft(["add", "rule", "inet", table, "cut", protocol, end, String(port), "drop"]);
    }
  }
  return () => nft(["delete", "table", "inet", table]);
}

/**
 * Lets the server's media port be reached from a TURN server's relay ports alone, as a firewall does
 * that blocks the visitor's UDP; returns the way back. Needs root.
 */
export function blockDirectMedia(port: number, relay: readonly [number, number]): () => void {
  const table = `bellpush_test_${port}`;
  const range = relay.join("-");
  const rule = (...words: string[]) => nft(["add", "rule", "inet", table, "block", ...words, "drop"]);
  nft(["add", "table", "inet", table]);
  nft(["add", "chain", "inet", table, "block", "{ type filter hook input priority 0; }"]);
  rule("udp", "dport", String(port), "udp", "sport", "!=", range);
  rule("udp", "sport", String(port), "udp", "dport", "!=", range);
  rule("tcp", "dport", String(port));
  return () => nft(["delete", "table", "inet", table]);
}

function nft(words: string[]): void {
  try {
    execFileSync("nft", words, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`nft failed; the test that cuts the network needs nftables and root: ${error}`);
  }
}
