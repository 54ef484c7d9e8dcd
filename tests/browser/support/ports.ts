/**
 * Ports for what tests start: below those that servers have for media of telephones, and below those
 * that the system hands out by itself, so that nobody takes one before it is opened.
 */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const FIRST = 10_000;
/** The next thousand are those of the TURN server. */
const END = 19_000;
const given = new Set<number>();

/** A port that is free by TCP and UDP on all addresses, as is the one after it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + 2 * Math.floor((Math.random() * (END - FIRST)) / 2);
    if (given.has(port)) continue;
    const free = await Promise.all(
      [port, port + 1].flatMap((one) => [isFree(tcp, one), isFree(udp, one)]),
    );
    if (free.every(Boolean)) {
      given.add(port);
      return port;
    }
  }
}

/** Opens a port and closes it again. */
type Probe = (port: number, opened: () => void, refused: () => void) => void;

const isFree = (probe: Probe, port: number) =>
  new Promise<boolean>((resolve) => {
    probe(
      port,
      () => resolve(true),
      () => resolve(false),
    );
  });

const tcp: Probe = (port, opened, refused) => {
  const server = createServer();
  server.once("error", refused);
  server.listen(port, "0.0.0.0", () => server.close(opened));
};

const udp: Probe = (port, opened, refused) => {
  const socket = createSocket("udp4");
  socket.once("error", refused);
  socket.bind(port, () => socket.close(opened));
};
