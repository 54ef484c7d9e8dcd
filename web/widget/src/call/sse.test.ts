import { describe, expect, it } from "vitest";
import { createSseParser, type SseMessage } from "./sse.ts";

const STREAM =
  ': welcome\n\nid: 1\nevent: progress\ndata: {"phase":\n' +
  'data: "ringing"}\n\nretry: 3000\n\nid: 2\r\nevent: event\r\ndata: ü😀\r\n\r\n' +
  "data:no space\rdata:  two spaces\r\rid: 3\n\ndata: id kept\n\ndata: never finished";

const MESSAGES: SseMessage[] = [
  { id: "1", event: "progress", data: '{"phase":\n"ringing"}' },
  { id: "2", event: "event", data: "ü😀" },
  { id: "2", event: "message", data: "no space\n two spaces" },
  { id: "3", event: "message", data: "id kept" },
];

function parse(pieces: readonly string[]): SseMessage[] {
  const seen: SseMessage[] = [];
  pieces.forEach(createSseParser((message) => void seen.push(message)));
  return seen;
}

describe("a stream of server-sent events", () => {
  it("is read as a whole", () => {
    expect(parse([STREAM])).toEqual(MESSAGES);
  });

  it("is read the same wherever it is cut in two", () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      expect(parse([STREAM.slice(0, at), STREAM.slice(at)]), `cut at ${at}`).toEqual(MESSAGES);
    }
  });

  it("is read the same when each character comes alone", () => {
    expect(parse(STREAM.split(""))).toEqual(MESSAGES);
  });
});
