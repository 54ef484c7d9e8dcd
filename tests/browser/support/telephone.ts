/**
 * A telephone whose sound is known to the packet: it answers by SIP, says a tone or comfort noise in
 * A-law, and keeps when each packet of the visitor's voice has come and how loud the tone in it was.
 */

import { createSocket, type RemoteInfo } from "node:dgram";
import { EventEmitter, once } from "node:events";

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
  readonly heard: readonly Heard[];
  /** Says nothing from now on but a comfort noise twice a second, as telephones with voice detection do. */
  readonly pause: () => void;
  /** Says its tone again. */
  readonly talk: () => void;
  /** The first call has come. */
  readonly called: Promise<void>;
  /** Tells the call that waits of its queue (`182`), in these words. */
  readonly queue: (words: string) => void;
  /** Takes the call that waits. */
  readonly answer: () => void;
  /** Tells that this user is at the other end from now on. */
  readonly transfer: (user: string) => void;
  readonly stop: () => void;
}

export interface Heard extends Moment {
  /** The port that the packet came from. */
  readonly from: number;
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
  /** Lets calls wait until `answer`. */
  readonly waits?: boolean;
}

/** Starts one. */
export async function startTelephone({
  says,
  hears,
  name = "telephone",
  declines,
  waits = false,
}: Voice): Promise<Telephone> {
  const port = await freePort();
  const mediaPort = await freePort();
  const signalling = createSocket("udp4");
  const media = createSocket("udp4");
  signalling.bind(port, "127.0.0.1");
  media.bind(mediaPort, "127.0.0.1");
  await Promise.all([once(signalling, "listening"), once(media, "listening")]);

  const heard: Heard[] = [];
  const tone = toAlaw(
    Float32Array.from(
      { length: RATE * LOOP_SECONDS },
      (_, index) => Math.sin((2 * Math.PI * says * index) / RATE) * 0.5,
    ),
  );
  let far: { port: number; address: string } | null = null;
  let silent = false;
  let packets = 0;

  media.on("message", (packet, { port: from }) => {
    if ((packet[1] ?? 0) % 128 !== ALAW) return;
    const samples = fromAlaw(packet.subarray(RTP_HEADER));
    heard.push({ at: performance.now(), level: levelOf(samples, hears / RATE), from });
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

  const arrivals = new EventEmitter();
  const called = once(arrivals, "call").then(() => undefined);
  let invite: { readonly text: string; readonly from: RemoteInfo } | null = null;
  function respond(status: string, body = ""): void {
    if (invite !== null) {
      const { text, from } = invite;
      const contact = body === "" ? undefined : port;
      signalling.send(response(status, name, text, body, contact), from.port, from.address);
    }
  }
  function answer(): void {
    if (invite !== null) {
      far = mediaOf(invite.text);
      respond(OK, description(mediaPort));
    }
  }

  signalling.on("message", (bytes, from) => {
    const message = bytes.toString();
    const method = message.split(" ", 1)[0];
    const reply = (status: string) =>
      signalling.send(response(status, name, message, ""), from.port, from.address);
    if (method === "INVITE" && declines !== undefined) {
      reply(declines);
    } else if (method === "INVITE") {
      invite = { text: message, from };
      arrivals.emit("call");
      if (!waits) answer();
    } else if (method === "BYE") {
      far = null;
      reply(OK);
    } else if (method === "OPTIONS" || method === "CANCEL") {
      reply(OK);
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
    called,
    queue: (words) => respond(`182 ${words}`),
    answer,
    transfer: (user) => {
      if (invite !== null) {
        signalling.send(update(invite.text, port, user), invite.from.port, invite.from.address);
      }
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

/** An UPDATE in the dialog of an INVITE that was answered, which names who is at the other end. */
function update(invite: string, port: number, user: string): string {
  const valueOf = (name: RegExp) => name.exec(invite)?.[1] ?? "";
  return [
    `UPDATE ${valueOf(/^contact:\s*<([^>]*)>/im)} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKupdate`,
    "Max-Forwards: 70",
    `From: ${valueOf(/^to:\s*(.*)$/im)};tag=telephone`,
    `To: ${valueOf(/^from:\s*(.*)$/im)}`,
    `Call-ID: ${valueOf(/^call-id:\s*(.*)$/im)}`,
    "CSeq: 1 UPDATE",
    identity(user),
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

function identity(user: string): string {
  return `P-Asserted-Identity: <sip:${user}@127.0.0.1>`;
}

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
      : [
          `Contact: <sip:desk@127.0.0.1:${contact}>`,
          identity("desk"),
          "Content-Type: application/sdp",
        ]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
