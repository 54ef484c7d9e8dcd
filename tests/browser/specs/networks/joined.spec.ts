/** A server that was started after the page was loaded takes the page's call over: the page may speak to it all the same. */

import { expect, type Page } from "@playwright/test";

import { type Cluster, startCluster, whyNoCluster } from "../../support/cluster.ts";
import { freePort } from "../../support/ports.ts";
import { messageNamed, test as base } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

interface Later {
  readonly cluster: Cluster;
  /** The port of the one that comes later. */
  readonly port: number;
}

const test = base.extend<{ later: Later }>({
  later: async ({ serverOptions }, use, info) => {
    const reason = whyNoCluster();
    if (reason !== null) {
      console.log(`── LEFT OUT: ${info.title}, since ${reason}`);
      info.skip(true, reason);
    }
    const port = await freePort();
    const options = [...serverOptions, "--node-urls", `http://localhost:${port}`];
    const cluster = await startCluster(1, options);
    await use({ cluster, port });
    await cluster.stop();
  },
  server: async ({ later }, use) => use(later.cluster),
});

test.use({
  serverOptions: ["--rtp-address", "127.0.0.1", "--lease-seconds", "3", "--drain-seconds", "20"],
});

test("a page follows its call to a server that joined after it was loaded", async ({
  page,
  later,
  shop,
}) => {
  test.setTimeout(120_000);
  const { cluster, port } = later;
  const refused: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await cluster.join(port);
  cluster.nodes[0]?.signal("SIGTERM");
  await until("the call is at the one that joined", async () => {
    const told = await handovers(page);
    return String(told.at(-1)).startsWith(`http://localhost:${port}/`);
  });
  // The demo hangs up when it gets a star. Only the server that has the call knows.
  await widget.getByRole("button", { name: "Keypad" }).click();
  await widget.getByRole("button", { name: "Star" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "remote_hangup" });
  expect(await shop.sink.waitFor("call_ended", 20_000)).toMatchObject({ id: ended.data.id });
  expect(refused).toEqual([]);
});

/** Where the call was, by what the page was told to keep. */
function handovers(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    (window as unknown as { messages: { data: { handover?: string } }[] }).messages.flatMap(
      ({ data }) => (data.handover ? [String(JSON.parse(data.handover).address)] : []),
    ),
  );
}
