import { describe, expect, it } from "vitest";
import { loadNoticeTexts } from "../i18n/notices/index.ts";
import { noticeText } from "./FarNotice.tsx";

describe("what a far side lets the visitor know", () => {
  it.each([
    ["en", 1, 900, "Your place in the queue: 1. Expected wait: 15 minutes."],
    ["en", null, null, "You are in a queue."],
    ["de", 12, 61, "Ihr Platz in der Warteschlange: 12. Voraussichtliche Wartezeit: 2 Minuten."],
    ["pl", null, 120, "Czekasz w kolejce. Przewidywany czas oczekiwania: 2 minuty."],
  ])("is told in %s", async (language, position, waitSeconds, text) => {
    const texts = await loadNoticeTexts(language);
    expect(noticeText({ kind: "queued", position, waitSeconds }, language, texts)).toBe(text);
  });

  it("is told of a transfer", async () => {
    const texts = await loadNoticeTexts("fr");
    expect(noticeText({ kind: "transferred" }, "fr", texts)).toBe(
      "Votre appel a été transféré à une autre personne.",
    );
  });
});
