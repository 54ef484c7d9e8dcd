/** A webhook receiver: keeps what it gets and checks each signature by the official library. */

import { createServer, type IncomingHttpHeaders } from "node:http";
import { Webhook } from "standardwebhooks";

import { until } from "./until.ts";

export interface Envelope {
  readonly name: string;
  readonly data: Record<string, unknown> & { context: Record<string, string> };
  readonly timestamp: string;
}

export interface Received {
  readonly id: string;
  readonly event: Envelope;
  readonly headers: IncomingHttpHeaders;
  readonly at: number;
}

export interface Sink {
  readonly url: string;
  readonly received: readonly Received[];
  /** The secret, once the integration is made: signatures are checked from then on. */
  secret: string | null;
  readonly waitFor: (name: string, within?: number) => Promise<Received>;
  readonly stop: () => void;
}

export async function startSink(): Promise<Sink> {
  const received: Received[] = [];
  const sink = {
    url: "",
    received,
    secret: null as string | null,
    waitFor: (name: string, within?: number) =>
      until(
        `the webhook ${name} arrives`,
        () => received.find((one) => one.event.name === name),
        within,
      ),
    stop: () => server.close(),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      if (sink.secret === null) {
        response.writeHead(503).end();
        return;
      }
      try {
        new Webhook(sink.secret).verify(body, request.headers as Record<string, string>);
      } catch {
        response.writeHead(401).end("the signature is wrong");
        return;
      }
      const id = String(request.headers["webhook-id"]);
      received.push({ id, event: JSON.parse(body), headers: request.headers, at: Date.now() });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  sink.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook`;
  return sink;
}
