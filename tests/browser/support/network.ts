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

function nft(words: string[]): void {
  try {
    execFileSync("nft", words, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`nft failed; the test that cuts the network needs nftables and root: ${error}`);
  }
}
