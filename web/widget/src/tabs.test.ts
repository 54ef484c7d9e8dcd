import { describe, expect, it } from "vitest";
import { type Channel, createTabs, type Tabs } from "./tabs.ts";
import { createTime } from "./testing/time.ts";

const HANDOVER = {
  callId: "call_1",
  address: "/v1/calls/call_1",
  resumeToken: "rt_1",
  connectedAt: null,
  muted: false,
  held: false,
};

interface Tab {
  tabs: Tabs;
  elsewhere: boolean;
  call: boolean;
  /** For a microphone that was refused here. */
  waits: boolean;
}

/** Tabs of one browser: what one says all others hear. */
function browser() {
  const time = createTime();
  const channels: Channel[] = [];
  function open(): Tab {
    const channel: Channel = {
      onmessage: null,
      postMessage(data) {
        for (const other of channels) {
          if (other !== channel) {
            other.onmessage?.({ data: structuredClone(data) } as MessageEvent);
          }
        }
      },
    };
    channels.push(channel);
    const tab = { elsewhere: false, call: false } as Tab;
    tab.tabs = createTabs(channel, {
      later: time.later,
      onElsewhere: (elsewhere) => {
        tab.elsewhere = elsewhere && !tab.call;
      },
      give: () => (tab.call ? HANDOVER : null),
      onGiven({ callId }) {
        has(tab, true);
        tab.tabs.taken(callId);
      },
      onTaken() {
        const own = tab.call;
        if (own) {
          has(tab, false);
          tab.elsewhere = true;
        }
        return own;
      },
      onRefused: () => {
        tab.waits = false;
      },
    });
    return tab;
  }
  function has(tab: Tab, call: boolean): void {
    tab.call = call;
    tab.elsewhere = false;
    tab.tabs.has(call);
  }
  return { time, open, has };
}

describe("a visitor's tabs", () => {
  it("all know of the call in one of them, also those that are opened later, until it is over", () => {
    const { open, has } = browser();
    const [one, other] = [open(), open()];
    has(one, true);
    const late = open();
    expect([one.elsewhere, other.elsewhere, late.elsewhere]).toEqual([false, true, true]);
    has(one, false);
    expect([other.elsewhere, late.elsewhere]).toEqual([false, false]);
  });

  it("bring the call over, and the others go on knowing that there is one", async () => {
    const { time, open, has } = browser();
    const [one, other, third] = [open(), open(), open()];
    has(one, true);
    other.tabs.bring();
    await time.pass(5000);
    expect([one.call, other.call, third.call]).toEqual([false, true, false]);
    expect([one.elsewhere, other.elsewhere, third.elsewhere]).toEqual([true, false, true]);
    has(other, false);
    expect([one.elsewhere, third.elsewhere]).toEqual([false, false]);
  });

  it("do not wait for a microphone that was refused in another one since", () => {
    const { open } = browser();
    const [one, other] = [open(), open()];
    one.waits = true;
    other.waits = true;
    other.tabs.refused();
    expect([one.waits, other.waits]).toEqual([false, true]);
  });

  it("are alone where the browser has the channel throw", () => {
    const channel: Channel = {
      onmessage: null,
      postMessage() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      },
    };
    const tabs = createTabs(channel, {
      later: () => undefined,
      onElsewhere: () => undefined,
      give: () => null,
      onGiven: () => undefined,
      onTaken: () => false,
      onRefused: () => undefined,
    });
    expect(() => tabs.has(true)).not.toThrow();
  });

  it("wait for no tab that has crashed", async () => {
    const { time, open, has } = browser();
    const [one, other] = [open(), open()];
    has(one, true);
    one.call = false;
    other.tabs.bring();
    await time.pass(1500);
    expect([other.elsewhere, other.call]).toEqual([false, false]);
  });
});
