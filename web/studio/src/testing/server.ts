/** The server, as far as a test says what it answers. */

import { vi } from "vitest";

export interface Asked {
  readonly line: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: unknown;
}

export const json = (body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { headers });

/** A problem document of this kind. */
export const problem = (status: number, kind: string) =>
  new Response(JSON.stringify({ type: `urn:bellpush:problem:${kind}`, detail: kind, status }), {
    status,
  });

/** Answers what is asked, by method and path, and keeps what was asked. */
export function serve(routes: Readonly<Record<string, (asked: Asked) => Response>>): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    const line = `${request.method} ${url.pathname}`;
    const text = await request.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    const asked = { line, url, headers: request.headers, body };
    all.push(asked);
    return routes[line]?.(asked) ?? problem(404, "not-found");
  });
  return all;
}
