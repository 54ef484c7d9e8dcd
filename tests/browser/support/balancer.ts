/** A load balancer: requests go to the servers in turn, and to the next one where a connection is refused. */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

import { freePort } from "./ports.ts";

export interface Balancer {
  readonly url: string;
  readonly stop: () => void;
}

/**
 * Starts one before servers that may not be there yet. It knows nothing of how they fare: who stands still gets requests
 * like any other, and answers none.
 */
export async function startBalancer(servers: () => readonly string[]): Promise<Balancer> {
  const port = await freePort();
  let turn = 0;

  /** Passes a request on to one of those that were not tried yet. */
  function pass(from: IncomingMessage, body: Buffer, to: ServerResponse, untried: readonly string[]): void {
    const [next, ...others] = untried;
    if (next === undefined) {
      to.writeHead(502).end();
      return;
    }
    const { method, headers } = from;
    const passed = request(`${next}${from.url}`, { method, headers, agent: false }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
      answer.on("error", () => to.destroy());
    });
    passed.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") {
        pass(from, body, to, others);
      } else if (to.headersSent) {
        to.destroy();
      } else {
        to.writeHead(502).end();
      }
    });
    to.on("close", () => passed.destroy());
    passed.end(body);
  }

  const server = createServer((from, to) => {
    const chunks: Buffer[] = [];
    from.on("data", (chunk: Buffer) => chunks.push(chunk));
    from.on("end", () => {
      const all = servers();
      turn += 1;
      const inTurn = all.map((_, index) => all[(turn + index) % all.length] ?? "");
      pass(from, Buffer.concat(chunks), to, inTurn);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
