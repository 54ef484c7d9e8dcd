/**
 * The check's own document (`/w/check`): finds out from the widget's place what a call needs, shows it,
 * and tells the page that has put it in.
 */

import type { IceServer, Problem, SessionAnswer } from "@bellpush/protocol";
import type { CheckCode, CheckMessage, Finding } from "./findings.ts";

/** A candidate of a TURN server that has not come by then does not come, nor an answer of the media port. */
const PATIENCE_MS = 6000;
/** The stream's second message is sent a second after the first one. */
const STREAM_GAP_MS = 500;
const MOST_SKEW_MS = 60_000;

const query = new URLSearchParams(location.search);
const [app, key, origin] = ["app", "key", "origin"].map((name) => query.get(name) ?? "");

async function run(): Promise<readonly Finding[]> {
  const session = await askSession();
  const answer = "token" in session ? session : null;
  const [media, stream] = await Promise.all([mediaPaths(answer?.iceServers ?? []), eventStream()]);
  return [
    ...("token" in session ? allowed(session) : [session]),
    webrtc(),
    await microphone(),
    ...media,
    stream,
  ];
}

async function askSession(): Promise<(SessionAnswer & { readonly gotAt: number }) | Finding> {
  try {
    const response = await fetch("/v1/widget/sessions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        appId: app,
        key,
        origin,
        context: {},
        preview: false,
        destination: null,
      }),
    });
    if (response.ok) {
      return { ...((await response.json()) as SessionAnswer), gotAt: Date.now() };
    }
    const problem = (await response.json()) as Problem;
    const codes: Readonly<Record<number, CheckCode>> = {
      400: "app",
      401: "widget_key",
      403: "origin",
      404: "app",
      422: "app",
    };
    const code = codes[response.status] ?? "server";
    // A server that first wants some work to be done has looked at key and origin before.
    return { code, ok: response.status === 428 ? null : false, sentence: `${problem.detail}.` };
  } catch {
    return {
      code: "server",
      ok: false,
      sentence: "The server does not answer requests of its widget.",
    };
  }
}

function allowed({ serverTime, gotAt }: SessionAnswer & { readonly gotAt: number }): Finding[] {
  const skew = Math.round((gotAt - Date.parse(serverTime)) / 1000);
  return [
    { code: "widget_key", ok: true, sentence: "The widget key is one of the app." },
    { code: "origin", ok: true, sentence: `The origin ${origin} is among the app's allowed ones.` },
    Math.abs(skew) * 1000 <= MOST_SKEW_MS
      ? { code: "clock", ok: true, sentence: "The clocks of browser and server agree." }
      : {
          code: "clock",
          ok: null,
          sentence: `The browser's clock is ${Math.abs(skew)} s ${skew > 0 ? "ahead of" : "behind"} the server's; calls work, but check both.`,
        },
  ];
}

function webrtc(): Finding {
  const present = "RTCPeerConnection" in window && navigator.mediaDevices !== undefined;
  return {
    code: "webrtc",
    ok: present,
    sentence: present
      ? "The browser has what calls are made with."
      : "The browser has no WebRTC or no media devices: it is an old one, one within another app, or has them switched off.",
  };
}

async function microphone(): Promise<Finding> {
  const code = "microphone";
  const { featurePolicy } = document as Document & {
    readonly featurePolicy?: { allowsFeature(feature: string): boolean };
  };
  if (featurePolicy?.allowsFeature(code) === false) {
    return {
      code,
      ok: false,
      sentence: "The page does not let the widget's frame use the microphone.",
    };
  }
  try {
    const { state } = await navigator.permissions.query({ name: code as PermissionName });
    return {
      code,
      ok: state !== "denied",
      sentence:
        state === "denied"
          ? "This visitor's browser denies this page the microphone; allow it in the browser's settings for the page."
          : `The browser's permission for the microphone: ${state}.`,
    };
  } catch {
    return {
      code,
      ok: null,
      sentence: "This browser does not tell of its permission for the microphone.",
    };
  }
}

/** What the server's media port can be tried with. */
interface MediaTrial {
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly candidates: readonly string[];
}

/** Whether media gets through: to the server itself, and by the TURN servers. */
async function mediaPaths(servers: readonly IceServer[]): Promise<Finding[]> {
  const trial = "RTCPeerConnection" in window ? await askTrial() : null;
  const urls = servers.flatMap((server) => server.urls.map((url) => ({ ...server, urls: [url] })));
  const [udp, tcp, ...relayed] = await Promise.all([
    trial && reaches(trial, "udp"),
    trial && reaches(trial, "tcp"),
    ...urls.map(relays),
  ]);
  const turn = relayed.includes(true);
  const some = udp || tcp || turn;
  return [
    direct("udp", trial, udp, some),
    direct("tcp", trial, tcp, some),
    {
      code: "turn",
      ok: turn || (urls.length === 0 || some ? null : false),
      sentence: turn
        ? "Media gets through by TURN."
        : urls.length === 0
          ? "The server has no TURN server; visitors need one whose network blocks its media port."
          : "No TURN server could be reached: a firewall may be in the way, or its address or secret is wrong.",
    },
  ];
}

/** What was found of the way to the media port by a protocol; calls need but one way of all. */
function direct(
  code: "udp" | "tcp",
  trial: MediaTrial | null,
  reached: boolean | null,
  some: boolean | null,
): Finding {
  const name = code.toUpperCase();
  if (trial === null || reached === null) {
    return {
      code,
      ok: null,
      sentence: `Whether media gets through by ${name} could not be tried.`,
    };
  }
  const named = trial.candidates
    .map((line) => line.split(" "))
    .filter(([, , kind]) => kind === code);
  const places = named.map(([, , , , address, port]) => `${address} port ${port}`).join(", ");
  return {
    code,
    ok: reached || (some ? null : false),
    sentence: reached
      ? `The server's media port is reached by ${name}.`
      : `The server's media port is not reached by ${name} (${places}): a firewall is in the way, or the server names an address that is not its own.${some ? " Calls go another way." : ""}`,
  };
}

function askTrial(): Promise<MediaTrial | null> {
  return fetch("/w/check/media").then(
    (response) => (response.ok ? response.json() : null),
    () => null,
  );
}

/** Whether the media port answers ICE's checks by this protocol; there is no call, and no media. */
function reaches(trial: MediaTrial, protocol: "udp" | "tcp"): Promise<boolean> {
  return watchPeer({}, (peer, done) => {
    peer.oniceconnectionstatechange = () => {
      if (/connected|completed/.test(peer.iceConnectionState)) {
        done(true);
      }
    };
    return peer.setLocalDescription().then(() => {
      const lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sctp-port:5000",
        "a=setup:passive",
        `a=fingerprint:${trial.fingerprint}`,
        `a=ice-ufrag:${trial.ufrag}`,
        `a=ice-pwd:${trial.password}`,
        ...trial.candidates
          .filter((line) => line.split(" ")[2] === protocol)
          .map((line) => `a=candidate:${line}`),
        "",
      ];
      return peer.setRemoteDescription({ type: "answer", sdp: lines.join("\r\n") });
    });
  });
}

function relays(server: IceServer): Promise<boolean> {
  const iceServers = [{ ...server, urls: [...server.urls] }];
  return watchPeer({ iceServers, iceTransportPolicy: "relay" }, (peer, done) => {
    peer.onicecandidate = ({ candidate }) => {
      if (candidate?.type === "relay") {
        done(true);
      }
    };
    return peer.setLocalDescription();
  });
}

/** Opens a connection until it is done with or the time is up: then the answer is no. */
function watchPeer(
  configuration: RTCConfiguration,
  watch: (peer: RTCPeerConnection, done: (found: boolean) => void) => Promise<void>,
): Promise<boolean> {
  if (!("RTCPeerConnection" in window)) {
    return Promise.resolve(false);
  }
  const peer = new RTCPeerConnection(configuration);
  return new Promise<boolean>((resolve) => {
    const done = (found: boolean) => {
      clearTimeout(timer);
      peer.close();
      resolve(found);
    };
    const timer = setTimeout(done, PATIENCE_MS, false);
    peer.createDataChannel("check");
    watch(peer, done).catch(() => done(false));
  });
}

/** Two messages, a second apart: what comes together was held back on the way. */
async function eventStream(): Promise<Finding> {
  const code = "event_stream";
  try {
    const { body } = await fetch("/w/check/stream");
    const reader = body?.getReader();
    const times: number[] = [];
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
      times.push(performance.now());
    }
    const [first = 0] = times;
    const flows = (times.at(-1) ?? 0) - first >= STREAM_GAP_MS;
    return {
      code,
      ok: flows ? true : null,
      sentence: flows
        ? "Streams of the server come through at once."
        : "Something between browser and server holds streams back, such as a proxy that buffers; calls work by polling, and see events later.",
    };
  } catch {
    return { code, ok: false, sentence: "The server's streams do not come through." };
  }
}

function show(findings: readonly Finding[]): void {
  const main = document.createElement("main");
  const heading = document.createElement("h1");
  heading.textContent = "What a call needs here";
  const list = document.createElement("dl");
  for (const { code, ok, sentence } of findings) {
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = `${code}: ${ok === null ? "unknown" : ok ? "ok" : "wrong"}`;
    text.textContent = sentence;
    list.append(term, text);
  }
  main.append(heading, list);
  document.body.replaceChildren(main);
}

run().then((findings) => {
  show(findings);
  if (origin && window.parent !== window) {
    const message: CheckMessage = { source: "bellpush", version: 1, check: findings };
    window.parent.postMessage(message, origin);
  }
});
