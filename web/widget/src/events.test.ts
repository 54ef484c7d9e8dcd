import type { IdentifiedEvent, Submission } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { type Audience, createEvents } from "./events.ts";

function setUp(preview = false) {
  const page: IdentifiedEvent[] = [];
  const code: IdentifiedEvent[] = [];
  const sent: Submission[] = [];
  const toCode: Audience = (event) => void code.push(event);
  let count = 0;
  const events = createEvents({
    context: { orderId: "A-1" },
    preview,
    newId: () => `id-${++count}`,
    timestamp: () => "2026-03-01T09:30:00.000Z",
    audiences: [(event) => void page.push(event), toCode],
    submit: (submission) => void sent.push(submission),
  });
  return { events, page, code, sent, toCode };
}

describe("an event of the widget", () => {
  it("is the same, id included, for the page, custom code and the server", () => {
    const { events, page, code, sent } = setUp();
    events.emit("widget_loaded", { isPreview: false });
    const expected = {
      id: "id-1",
      event: {
        name: "widget_loaded",
        data: { isPreview: false, context: { orderId: "A-1" } },
        timestamp: "2026-03-01T09:30:00.000Z",
      },
    };
    expect([page, code, sent]).toEqual([[expected], [expected], [expected]]);
  });

  it("says so when it comes from a preview, and has no such field otherwise", () => {
    for (const preview of [true, false]) {
      const { events, page } = setUp(preview);
      events.emit("custom_button_clicked", { label: "Shop", action: "link" });
      events.emitCustom("wants_callback", {}, {});
      expect(page.map(({ event }) => event.data.isPreview)).toEqual(
        preview ? [true, true] : [undefined, undefined],
      );
    }
  });

  it("carries the call and the answers to the server alone", () => {
    const { events, page, sent } = setUp();
    const survey = { answers: [{ questionId: "a", rating: 4 }], comment: "Fine" };
    const summary = { rating: 4, answerCount: 1, hasComment: true };
    events.emit("survey_submitted", summary, { callId: "call_1", survey });
    expect(sent[0]).toMatchObject({ callId: "call_1", survey });
    expect(Object.keys(page[0] ?? {})).toEqual(["id", "event"]);
  });

  it("is not told to the custom code that emitted it, so that answers to it end", () => {
    const { events, page, code, sent, toCode } = setUp();
    events.emitCustom("tapped", { n: 1 }, { except: toCode });
    expect([page.length, code.length, sent.length]).toEqual([1, 0, 1]);
    expect(Object.keys(sent[0] ?? {})).toEqual(["id", "event"]);
  });

  it("that the server decided is passed on unchanged and not sent back", () => {
    const { events, page, sent } = setUp();
    const decided = {
      id: "id-of-server",
      event: { name: "call_started", data: { context: {} }, timestamp: "" },
    };
    events.pass(decided);
    expect(page).toEqual([decided]);
    expect(sent).toEqual([]);
  });
});
