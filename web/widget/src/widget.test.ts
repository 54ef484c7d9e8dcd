// @vitest-environment happy-dom
import type { WidgetConfig } from "@bellpush/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AttemptPorts } from "./attempts.ts";
import type { Parts } from "./parts.ts";
import type { CallState } from "./state.ts";
import type { TabsPorts } from "./tabs.ts";
import { createTime, settle } from "./testing/time.ts";
import { createWidget, type WidgetPorts } from "./widget.ts";

let allow = () => undefined as unknown;

beforeEach(() => {
  const status = {
    state: "granted",
    addEventListener: (_: string, run: () => void) => {
      allow = run;
    },
  };
  vi.stubGlobal("navigator", { permissions: { query: async () => status } });
  see("visible");
});

afterEach(() => vi.unstubAllGlobals());

const see = (visibilityState: string) =>
  Object.defineProperty(document, "visibilityState", {
    value: visibilityState,
    configurable: true,
  });

/** A widget whose calls the test makes, and whose other tabs it speaks for. */
async function setUp() {
  const time = createTime();
  const told: string[] = [];
  let attempt: AttemptPorts | null = null;
  let others: TabsPorts | null = null;
  const createAttempts = (ports: AttemptPorts) => {
    attempt = ports;
    return {
      begin: () => told.push("begins"),
      takeUp: () => told.push("takes up"),
      fulfil: () => undefined,
      call: () => null,
      handover: () => null,
      drop: () => undefined,
    };
  };
  const ports: Partial<WidgetPorts> = {
    config: { hours: { open: true, changes: [] } } as unknown as WidgetConfig,
    clock: { now: time.now, iso: () => "", learn: () => undefined },
    later: time.later,
    now: time.now,
    render: () => undefined,
    show: () => undefined,
    keep: () => undefined,
    collect: () => ({}),
    hasSurvey: () => false,
    loadParts: async () => ({ createAttempts }) as unknown as Parts,
  };
  const widget = createWidget(ports as WidgetPorts);
  widget.connectTabs((ports) => {
    others = ports;
    return {
      has: () => undefined,
      taken: () => undefined,
      bring: () => told.push("brings"),
      ask: () => told.push("asks"),
      refused: () => undefined,
    };
  });
  const there = <T>(one: T | null): T => one as T;
  await settle();
  return {
    widget,
    time,
    told,
    is: (state: Partial<CallState>) => expect(widget.state()).toMatchObject(state),
    others: () => there(others),
    async call() {
      widget.actions.tap();
      await settle();
    },
    fail: (code: string) => there(attempt).dispatch({ type: "fail", code, message: "" }),
  };
}

type Kit = Awaited<ReturnType<typeof setUp>>;

describe("a call in another tab", () => {
  it("is known after a call here, whenever it was said", async () => {
    const { widget, call, fail, others, is, told } = await setUp();
    await call();
    others().onElsewhere(true);
    fail("no_answer");
    widget.actions.startOver();
    is({ name: "idle", elsewhere: true });
    widget.actions.tap();
    expect(told).toEqual(["begins", "brings"]);
  });

  it("is forgotten when it has ended meanwhile", async () => {
    const { widget, call, fail, others, is } = await setUp();
    others().onElsewhere(true);
    is({ name: "idle", elsewhere: true });
    others().onElsewhere(false);
    await call();
    others().onElsewhere(true);
    fail("no_answer");
    others().onElsewhere(false);
    widget.actions.startOver();
    is({ name: "idle", elsewhere: false });
  });

  it("is asked for anew when the page is back", async () => {
    const { widget, others, is, told } = await setUp();
    others().onElsewhere(true);
    widget.comeBack();
    is({ name: "idle", elsewhere: false });
    expect(told).toEqual(["asks"]);
  });
});

describe("a microphone that is allowed later", () => {
  it("is used where the visitor waits for it", async () => {
    const { call, fail, told } = await setUp();
    await call();
    fail("microphone_denied");
    allow();
    await settle();
    expect(told).toEqual(["begins", "begins"]);
  });

  it("has no tab dial that nobody sees", async () => {
    const { call, fail, told, is } = await setUp();
    await call();
    fail("microphone_denied");
    see("hidden");
    allow();
    await settle();
    expect(told).toEqual(["begins"]);
    is({ name: "error" });
  });

  it.each([
    ["before a panel that was closed", ({ widget }: Kit) => widget.close()],
    ["minutes later", ({ time }: Kit) => time.pass(6 * 60_000)],
    ["where another frame has asked since", ({ others }: Kit) => others().onRefused()],
  ])("dials nobody %s", async (_, meanwhile) => {
    const kit = await setUp();
    await kit.call();
    kit.fail("microphone_denied");
    await meanwhile(kit);
    allow();
    await settle();
    expect(kit.told).toEqual(["begins"]);
    kit.is({ name: "error" });
  });

  it("neither dials nor brings a call that goes on in another tab", async () => {
    const { call, fail, others, told, is } = await setUp();
    await call();
    fail("microphone_denied");
    others().onElsewhere(true);
    allow();
    await settle();
    expect(told).toEqual(["begins"]);
    is({ name: "error" });
  });
});

it("whoever tries again after a session has ended stays in the frame", async () => {
  const { widget, call, fail, told } = await setUp();
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  await call();
  fail("session_expired");
  widget.actions.retry();
  await settle();
  expect(reload).not.toHaveBeenCalled();
  expect(told).toEqual(["begins", "begins"]);
});
