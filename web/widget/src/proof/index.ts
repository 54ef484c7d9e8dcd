/** Work that proves a visitor to be one of few: done in a worker, so that nothing of it is noticed. */

import type { Challenge, Proof } from "@bellpush/protocol";

export function solve(challenge: Challenge): Promise<Proof | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const end = (proof: Proof | null) => {
      worker.terminate();
      resolve(proof);
    };
    worker.onmessage = ({ data }: MessageEvent<Proof | null>) => end(data);
    worker.onerror = () => end(null);
    worker.postMessage(challenge);
  });
}
