/**
 * A telephone whose sound is known to the packet: it answers by SIP, says a tone or comfort noise in
 * A-law, and keeps when each packet of the visitor's voice has come and how loud the tone in it was.
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";

import { fromAlaw, toAlaw } from "./g711.ts";
import { freePort } from "./ports.ts";
import { levelOf, type Moment } from "./sound.ts";

const RATE = 8_000;
const PACKET_MS = 20;
const SAMPLES = (RATE * PACKET_MS) / 1000;
const ALAW = 8;
const COMFORT_NOISE = 13;
const RTP_HEADER = 12;
/** Seconds of the tone that are made; said again and again, whole turns of it. */
const LOOP_SECONDS = 1;
/** −60 dBov, by RFC 3389. */
const NOISE_LEVEL = 60;

export interface Telephone {
  /** Its SIP port on 127.0.0.1, by UDP. */
  readonly port: number;
  /** The visitor's voice so far, packet by packet as they came, by `performance.now()`. */
  readonly heard: readonly Moment[];
  /** Says nothing from now on but a comfort noise twice a second, as telephones with voice detection do. */
  readonly pause: () => void;
  /** Says its tone again. */
  readonly talk: () => void;
  readonly stop: () => void;
}

export interface Voice {
  /** What it says. */
  readonly says: number;
  /** What it listens for. */
  readonly hears: number;
  /** What it calls itself in its responses. */
  readonly name?: string;
  /** Takes no call, with this status and reason phrase. */
  readonly declines?: string;
}

/** Starts one. */
export async function startTelephone({
  says,
  hears,
  name = "telephone",
  declines,
}: Voice): Promise<Telephone> {
  const port = await freePort();
  const mediaPort = await freePort();
  const signalling = createSocket("udp4");
  const media = createSocket("udp4");
  signalling.bind(port, "127.0.0.1");
  media.bind(mediaPort, "127.0.0.1");
  await Promise.all([once(signalling, "listening"), once(media, "listening")]);

  const heard: Moment[] = [];
  const tone = toAlaw(
    Float32Array.from(
      { length: RATE * LOOP_SECONDS },
      (_, index) => Math.sin((2 * Math.PI * says * index) / RATE) * 0.5,
    ),
  );
  let far: { port: number; address: string } | null = null;
  let silent = false;
  let packets = 0;

  media.on("message", (packet) => {
    if ((packet[1] ?? 0) % 128 !== ALAW) return;
    const samples = fromAlaw(packet.subarray(RTP_HEADER));
    heard.push({ at: performance.now(), level: levelOf(samples, hears / RATE) });
  });
  const begun = performance.now();
  let wasSilent = true;
  const timer = setInterval(() => {
    // As many as are due: timers are late, and lose nothing by it here.
    for (const due = (performance.now() - begun) / PACKET_MS; packets < due; packets += 1) {
      const noiseIsDue = !wasSilent || packets % 25 === 0;
      if (far !== null && (!silent || noiseIsDue)) {
        const marker = !silent && wasSilent ? 0x80 : 0;
        const offset = (packets * SAMPLES) % tone.length;
        media.send(
          silent
            ? rtp(COMFORT_NOISE, packets, Buffer.from([NOISE_LEVEL]))
            : rtp(ALAW | marker, packets, tone.subarray(offset, offset + SAMPLES)),
          far.port,
          far.address,
        );
      }
      wasSilent = silent;
    }
  }, PACKET_MS / 2);

  let sequence = 0;
  function rtp(type: number, packet: number, payload: Uint8Array): Buffer {
    const header = Buffer.alloc(RTP_HEADER);
    header[0] = 0x80;
    header[1] = type;
    header.writeUInt16BE((sequence += 1) % 65_536, 2);
    header.writeUInt32BE((packet * SAMPLES) % 2 ** 32, 4);
    header.writeUInt32BE(0x5e11_b311, 8);
    return Buffer.concat([header, payload]);
  }

  signalling.on("message", (bytes, from) => {
    const message = bytes.toString();
    const method = message.split(" ", 1)[0];
    const answer = (status: string, body = "", contact?: number) =>
      signalling.send(response(status, name, message, body, contact), from.port, from.address);
    if (method === "INVITE" && declines !== undefined) {
      answer(declines);
    } else if (method === "INVITE") {
      far = mediaOf(message);
      answer(OK, description(mediaPort), port);
    } else if (method === "BYE") {
      far = null;
      answer(OK);
    } else if (method === "OPTIONS" || method === "CANCEL") {
      answer(OK);
    }
  });
  return {
    port,
    heard,
    pause: () => {
      silent = true;
    },
    talk: () => {
      silent = false;
    },
    stop: () => {
      clearInterval(timer);
      signalling.close();
      media.close();
    },
  };
}

/** Where the caller wants its media. */
function mediaOf(invite: string): { port: number; address: string } {
  const port = Number(/^m=audio (\d+)/m.exec(invite)?.[1]);
  const address = /^c=IN IP4 (\S+)/m.exec(invite)?.[1] ?? "127.0.0.1";
  return { port, address };
}

function description(port: number): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP ${ALAW} ${COMFORT_NOISE}`,
    `a=rtpmap:${ALAW} PCMA/8000`,
    `a=rtpmap:${COMFORT_NOISE} CN/8000`,
    "a=ptime:20",
    "a=sendrecv",
    "",
  ].join("\r\n");
}

const OK = "200 OK";

/** A response, with what it repeats of its request. */
function response(
  status: string,
  name: string,
  request: string,
  body: string,
  contact?: number,
): string {
  const [head = ""] = request.split("\r\n\r\n");
  const repeated = head
    .split("\r\n")
    .filter((line) => /^(via|from|call-id|cseq|record-route|v|f|i):/i.test(line));
  const addressee = /^(?:to|t):\s*(.*)$/im.exec(head)?.[1] ?? "";
  return [
    `SIP/2.0 ${status}`,
    ...repeated,
    `To: ${addressee}${addressee.includes("tag=") ? "" : ";tag=telephone"}`,
    `Server: ${name}`,
    ...(contact === undefined
      ? []
      : [`Contact: <sip:desk@127.0.0.1:${contact}>`, "Content-Type: application/sdp"]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
