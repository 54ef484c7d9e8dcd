/** One call with its server, simulated: `call/media.ts`, `call/meter.ts` and `call/wake.ts` have to be stood in for. */

import { placeAnew, startCall, takeUp } from "../call/index.ts";
import { createVoice } from "../microphone.ts";
import { createNode, type Node } from "./node.ts";
import { type Answer, createServer, createTokens, json, problem } from "./server.ts";
import { createTime } from "./time.ts";

const HANDOVER = {
  callId: "call_1",
  address: "/v1/calls/call_1",
  resumeToken: "rt_1",
  connectedAt: 1_790_000_000_000,
  muted: true,
  held: false,
};

/** How the visitor has it at first. */
const WISHES = { muted: false, held: false, listening: false };

/** The call is at the first of the nodes. */
export function setUp(
  overrides: { readonly [route: string]: Answer } = {},
  resumed = false,
  nodes: readonly Node[] = [createNode("/v1/calls/call_1")],
) {
  const [node] = nodes as readonly [Node];
  const time = createTime();
  const routes: { readonly [route: string]: Answer } = {
    "POST /v1/calls": () =>
      new Response("the answer", {
        status: 201,
        headers: { location: node.address, "bellpush-resume-token": "rt_1" },
      }),
    [`POST ${node.address}/resume`]: () =>
      json({ callId: "call_1", sdp: "the answer", resumeToken: "rt_2", session: {} }),
    ...Object.assign({}, ...nodes.map((one) => one.routes)),
    ...overrides,
  };
  const server = createServer((asked, signal) => {
    const route = routes[`${asked.method} ${asked.path.replace(/[?].*/, "")}`];
    return route === undefined ? problem(404, "not-found") : route(asked, signal);
  });
  const told: string[] = [];
  const beacons: string[][] = [];
  const wishes = { ...WISHES };
  const session = createTokens();
  const from = resumed ? { ...HANDOVER, address: node.address } : null;
  const call = startCall({
    voice: createVoice(),
    audio: new EventTarget() as HTMLAudioElement,
    session,
    place:
      from === null
        ? placeAnew(session, server.fetch, {})
        : takeUp(from, session, server.fetch, () => createTokens()),
    from,
    fetch: server.fetch,
    later: time.later,
    now: time.now,
    mediaDevices: undefined,
    beacon: (...beacon) => void beacons.push(beacon),
    onAccepted: ({ callId }) => void told.push(`accepted ${callId}`),
    onMicrophone: () => undefined,
    onPhase: (phase) => void told.push(phase),
    onFar: (far) => void told.push(JSON.stringify(far)),
    onEvent: ({ event }) => void told.push(event.name),
    onRefused: ({ code }) => void told.push(`refused ${code}`),
    onCancelled: () => void told.push("cancelled"),
    onLost: () => void told.push("lost"),
    onLeft: () => void told.push("left"),
    onSoundBlocked: (blocked) => void told.push(`blocked ${blocked}`),
    onWarning: (warning, raised) => void told.push(`${raised ? "!" : "-"}${warning}`),
    onHandover: () => void told.push("handover"),
    wishes: () => wishes,
  });
  const asked = () => server.asked.map(({ method, path }) => `${method} ${path}`);
  const times = (line: string) => asked().filter((one) => one.startsWith(line)).length;
  const { say, decide, send } = node;
  return { call, time, server, asked, times, told, beacons, wishes, say, decide, send };
}
