import { describe, expect, it } from "vitest";
import { hideTokens, type Page } from "./tokens.ts";

/** A frame at this address, and where it was sent. */
function frame(href: string, state: unknown = null) {
  const sent: string[] = [];
  const page = {
    location: {
      href,
      search: new URL(href).search,
      replace: (to: string | URL) => void sent.push(new URL(to, page.location.href).href),
    },
    history: {
      state,
      replaceState(next: unknown, _: string, address?: string | URL | null) {
        page.history.state = next;
        page.location.href = String(address ?? page.location.href);
      },
    },
  };
  return { page: page as Page, sent };
}

const WIDGET = "https://bell.example/widget/app_1";

describe("the tokens of the address", () => {
  it("are taken out of it, and put back by a reload", () => {
    for (const tokens of ["session=t_1", "preview=t_1", "session=t_1&preview=t_2"]) {
      const shown = `${WIDGET}?key=wk_1&${tokens}&theme=dark`;
      const { page, sent } = frame(shown);
      expect(hideTokens(true, page)).toBe(false);
      expect(page.location.href).toBe(`${WIDGET}?key=wk_1&theme=dark`);
      expect(sent).toEqual([]);

      const reloaded = frame(page.location.href, page.history.state);
      expect(hideTokens(false, reloaded.page)).toBe(true);
      expect(reloaded.sent).toEqual([shown]);
      // It loads itself again once.
      expect(hideTokens(false, reloaded.page)).toBe(false);
    }
  });

  it("are left alone where there are none", () => {
    const { page, sent } = frame(`${WIDGET}?key=wk_1`, { other: 1 });
    expect(hideTokens(false, page)).toBe(false);
    expect([page.location.href, page.history.state, sent]).toEqual([
      `${WIDGET}?key=wk_1`,
      { other: 1 },
      [],
    ]);
  });
});
