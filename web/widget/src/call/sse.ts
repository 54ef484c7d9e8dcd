/** Reads server-sent events (WHATWG HTML, 9.2.6) out of text that arrives in pieces. */

export interface SseMessage {
  /** The last id seen, as browsers keep it; empty before the first. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Returns the function to feed with each piece, cut wherever the network cut it. */
export function createSseParser(onMessage: (message: SseMessage) => void): (piece: string) => void {
  let rest = "";
  let id = "";
  let event = "";
  let data: string[] = [];

  function line(text: string): void {
    if (text === "") {
      if (data.length > 0) {
        onMessage({ id, event: event === "" ? "message" : event, data: data.join("\n") });
      }
      event = "";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? "" : text.slice(colon + 1).replace(/^ /, "");
    switch (field) {
      case "data":
        data.push(value);
        break;
      case "event":
        event = value;
        break;
      case "id":
        id = value;
        break;
    }
  }

  return (piece) => {
    rest += piece;
    // A carriage return at the very end may be the first half of one line break.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    lines.forEach(line);
  };
}
