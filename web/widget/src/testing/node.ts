/** A server that has a call, or takes it over: what it says of the call goes out on the open streams. */

import type { IdentifiedEvent, Phase } from "@bellpush/protocol";
import { type Answer, json } from "./server.ts";
import { settle } from "./time.ts";

export interface Node {
  /** Where it has the call. */
  readonly address: string;
  readonly routes: { readonly [route: string]: Answer };
  /** Says something; by the stream, unless something holds that back. */
  readonly send: (type: string, data: object, heldBack?: boolean) => Promise<void>;
  readonly say: (phase: Phase, heldBack?: boolean) => Promise<void>;
  readonly decide: (name: string, heldBack?: boolean) => Promise<void>;
  /** Ends as by `kill -9`: streams break, and nobody answers. */
  readonly die: () => Promise<void>;
  /** Stands still as by SIGSTOP or a cut cable: nothing breaks, and nothing is answered. */
  readonly freeze: () => void;
  readonly revive: () => void;
}

export function createNode(address: string): Node {
  const encoder = new TextEncoder();
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const messages: { id: number; type: string; data: unknown }[] = [];
  let health: "lives" | "dead" | "frozen" = "lives";

  const answered =
    (answer: Answer): Answer =>
    (asked, signal) => {
      switch (health) {
        case "lives":
          return answer(asked, signal);
        case "dead":
          return Promise.reject(new TypeError("connection refused"));
        case "frozen":
          return unanswered(asked, signal);
      }
    };
  const nothing = () => new Response(null, { status: 204 });

  const send = async (type: string, data: object, heldBack = false) => {
    const id = messages.length + 1;
    messages.push({ id, type, data });
    for (const stream of heldBack ? [] : streams) {
      stream.enqueue(
        encoder.encode(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
      );
    }
    await settle();
    await settle();
  };

  return {
    address,
    routes: {
      [`GET ${address}/events`]: answered(({ path }, signal) =>
        path.includes("after")
          ? json({
              messages: messages.filter(({ id }) => id > Number(path.split("=")[1])),
              done: false,
            })
          : new Response(
              new ReadableStream<Uint8Array>({
                start(controller) {
                  streams.add(controller);
                  signal?.addEventListener("abort", () => {
                    if (streams.delete(controller)) {
                      controller.error(signal.reason);
                    }
                  });
                },
              }),
            ),
      ),
      [`PATCH ${address}`]: answered(() => new Response("another answer")),
      [`DELETE ${address}`]: answered(nothing),
      [`POST ${address}/dtmf`]: answered(nothing),
      [`POST ${address}/warnings`]: answered(nothing),
    },
    send,
    say: (phase, heldBack) => send("progress", { phase }, heldBack),
    decide(name, heldBack) {
      const event = { name, data: { context: {} }, timestamp: "2026-03-01T09:30:00.000Z" };
      return send("event", { id: `id-${name}`, event } satisfies IdentifiedEvent, heldBack);
    },
    async die() {
      health = "dead";
      for (const stream of streams) {
        stream.error(new TypeError("network error"));
      }
      streams.clear();
      await settle();
    },
    freeze() {
      health = "frozen";
    },
    revive() {
      health = "lives";
    },
  };
}

/** No answer until the request is given up. */
export const unanswered: Answer = (_, signal) =>
  new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
