/**
 * What happens to a visitor's network, in a network namespace: the sound is known on both sides, how
 * loud it is before and after, and for how long it was away.
 */

import { openVisitorNetwork, type VisitorNetwork, whyNoNetworks } from "../../support/namespace.ts";
import { test as base } from "../../support/shop.ts";
import { startTelephone, type Telephone } from "../../support/telephone.ts";
import { check, PAUSE_MS, TELEPHONE_TONE, through } from "../../support/trouble.ts";
import { connectTrunk } from "../../support/trunk.ts";
import { until } from "../../support/until.ts";
import { SAYS } from "../../support/visitor.ts";

const test = base.extend<{ network: VisitorNetwork; telephone: Telephone }>({
  // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read from the pattern.
  network: async ({}, use, info) => {
    const reason = whyNoNetworks();
    if (reason !== null) {
      console.log(`── LEFT OUT: ${info.title}, since ${reason}`);
      info.skip(true, reason);
    }
    const network = openVisitorNetwork();
    await use(network);
    network.close();
  },
  place: async ({ network }, use) => use(network.place),
  telephone: async ({ shop }, use) => {
    const telephone = await startTelephone({ says: TELEPHONE_TONE, hears: SAYS.chromium });
    await connectTrunk(shop, { port: telephone.port, codecs: ["pcma"] });
    await use(telephone);
    telephone.stop();
  },
});

test.use({ serverOptions: ["--rtp-address", "127.0.0.1"] });

test("an address that changes in the call", async ({ network, shop, telephone }) => {
  const happens = network.switchLinks;
  const program = network.chromium;
  // The browser tells of another network, and often the call is there before anything is missed.
  const trouble = { program, shop, telephone, happens, reconnects: true, says: false };
  check("address changed", await through(trouble), 15_000);
});

test("UDP that is blocked in the call", async ({ network, shop, telephone }) => {
  const happens = () => void network.blockUdp();
  const program = network.chromium;
  const trouble = { program, shop, telephone, happens, reconnects: true };
  check("UDP blocked", await through(trouble), 15_000);
});

test("10 s without a network", async ({ network, shop, telephone }) => {
  const happens = async () => {
    const plugIn = network.unplug();
    const end = performance.now() + 10_000;
    await until("10 s have passed", () => performance.now() > end, 12_000);
    plugIn();
  };
  const program = network.chromium;
  const trouble = { program, shop, telephone, happens, reconnects: true };
  check("10 s without a network", await through(trouble), 17_000);
});

test("a quiet network is left alone", async ({ network, shop, telephone }) => {
  const happens = () => undefined;
  const program = network.chromium;
  const trouble = { program, shop, telephone, happens, reconnects: false };
  check("nothing", await through(trouble), PAUSE_MS);
});
