/** Cuts the media path as a lost network does: packets vanish, nobody is told. */

import { execFileSync } from "node:child_process";

/** Drops all UDP to and from the server's media port; returns the way back. Needs root. */
export function cutMedia(port: number): () => void {
  const table = `bellpush_test_${port}`;
  nft(["add", "table", "inet", table]);
  nft(["add", "chain", "inet", table, "cut", "{ type filter hook input priority 0; }"]);
  nft(["add", "rule", "inet", table, "cut", "udp", "dport", String(port), "drop"]);
  nft(["add", "rule", "inet", table, "cut", "udp", "sport", String(port), "drop"]);
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
