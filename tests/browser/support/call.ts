/** What tests of one call need again and again: starting it, and what is left open of it. */

import { expect, type BrowserContext, type Frame } from "@playwright/test";

interface Kept {
  readonly streams: MediaStream[];
  readonly peers: RTCPeerConnection[];
  readonly peer: () => RTCPeerConnection | undefined;
}

/** Keeps every stream of a microphone that is given to a page. Before the pages are opened. */
export async function spyOnMicrophones(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const kept = window as unknown as { streams: MediaStream[] };
    kept.streams = [];
    const devices = navigator.mediaDevices;
    if (devices === undefined) return;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      kept.streams.push(stream);
      return stream;
    };
  });
}

export interface Open {
  readonly microphones: number;
  readonly connections: number;
}

/** Microphones that still listen, and connections that are not closed. */
export function stillOpen(frame: Frame): Promise<Open> {
  return frame.evaluate(() => {
    const { streams, peers } = window as unknown as Kept;
    return {
      microphones: streams.flatMap((one) => one.getTracks()).filter((one) => one.readyState === "live")
        .length,
      connections: (peers ?? []).filter((one) => one.connectionState !== "closed").length,
    };
  });
}

export const NOTHING: Open = { microphones: 0, connections: 0 };

export async function call(widget: Frame): Promise<void> {
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
}

/** Sends the widget plain commands of its page, at once, one after the other. */
export async function command(widget: Frame, ...commands: readonly string[]): Promise<void> {
  const page = widget.page();
  const server = new URL(widget.url()).origin;
  await page.evaluate(
    ({ commands, server }) => {
      for (const command of commands) {
        window.frames[0]?.postMessage({ source: "bellpush", version: 1, command }, server);
      }
    },
    { commands, server },
  );
}

/** How loud the widget's own voice is as it is sent, 0 to 1; the most within a second. */
export function sentLevel(frame: Frame): Promise<number> {
  return frame.evaluate(async () => {
    const { peer } = window as unknown as Kept;
    let most = 0;
    for (let look = 0; look < 10; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const report of (await peer()?.getStats())?.values() ?? []) {
        if (report.type === "media-source") most = Math.max(most, report.audioLevel ?? 0);
      }
    }
    return most;
  });
}
