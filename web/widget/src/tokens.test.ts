import { describe, expect, it } from "vitest";
import { hideTokens, type Page } from "./tokens.ts";

/** A frame at this address, and where it was sent. */
function frame(href: string, state: unknown = null) {
  const sent: string[] = [];
  const page = {
    location: { href, replace: (to: string | URL) => void sent.push(String(to)) },
    history: {
      state,
      replaceState(next: unknown, _: string, address?: string | URL | null) {
        page.history.state = next;
        page.location.href = String(address);
      },
    },
  };
  return { page: page as Page, sent };
}

const WIDGET = "https://bell.example/widget/app_1";

describe("the tokens of the address", () => {
  it("are taken out of it, and put back by a reload", () => {
    for (const name of ["session", "preview"] as const) {
      const { page, sent } = frame(`${WIDGET}?key=wk_1&${name}=t_1&theme=dark`);
      expect(hideTokens({ [name]: "t_1" }, page)).toBe(false);
      expect(page.location.href).toBe(`${WIDGET}?key=wk_1&theme=dark`);
      expect(sent).toEqual([]);

      const reloaded = frame(page.location.href, page.history.state);
      expect(hideTokens({}, reloaded.page)).toBe(true);
      expect(reloaded.sent).toEqual([`${WIDGET}?key=wk_1&theme=dark&${name}=t_1`]);
      // It loads itself again once.
      expect(hideTokens({}, reloaded.page)).toBe(false);
    }
  });

  it("are left alone where there are none", () => {
    const { page, sent } = frame(`${WIDGET}?key=wk_1`, { other: 1 });
    expect(hideTokens({}, page)).toBe(false);
    expect([page.location.href, page.history.state, sent]).toEqual([
      `${WIDGET}?key=wk_1`,
      { other: 1 },
      [],
    ]);
  });
});
