/** A server for tests: answers `fetch` as told and remembers what it was asked. */

import { succeeded } from "../errors.ts";
import type { Session } from "../session.ts";

export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly keepalive: boolean;
}

export type Answer = (asked: Asked, signal: AbortSignal | null) => Response | Promise<Response>;

export function createServer(answer: Answer): {
  readonly asked: Asked[];
  readonly fetch: typeof globalThis.fetch;
} {
  const asked: Asked[] = [];
  return {
    asked,
    async fetch(input, init = {}) {
      const request: Asked = {
        path: String(input),
        method: init.method ?? "GET",
        headers: new Headers(init.headers),
        body: String(init.body ?? ""),
        keepalive: init.keepalive ?? false,
      };
      asked.push(request);
      return answer(request, init.signal ?? null);
    },
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

export function problem(status: number, slug: string, more: object = {}): Response {
  return json({ type: `urn:bellpush:problem:${slug}`, status, detail: slug, ...more }, status);
}

/** A session whose tokens are st_1, st_2 and so on. */
export function createTokens(): Session {
  let count = 1;
  return {
    token: async () => succeeded(`st_${count}`),
    async renew() {
      count += 1;
      return succeeded(`st_${count}`);
    },
    current: () => `st_${count}`,
    iceServers: () => [],
  };
}
