import type { Challenge } from "@bellpush/protocol";
import { search } from "./search.ts";

addEventListener("message", async ({ data }: MessageEvent<Challenge>) => {
  postMessage(await search(data));
});
