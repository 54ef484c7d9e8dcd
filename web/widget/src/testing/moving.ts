/** A call at the first of three servers, any of which may take it over: `call/media.ts` has to be stood in for. */

import { setUp as setUpCall } from "./call.ts";
import { media } from "./media.ts";
import { createNode } from "./node.ts";
import { type Answer, json, problem } from "./server.ts";

export const [ONE, TWO, THREE] = ["one", "two", "three"].map(
  (name) => `https://${name}.example/v1/calls/call_1`,
) as [string, string, string];
export const CLAIM = "POST /v1/calls/call_1/resume";

/** What the node at this address answers to a claim, with its next token. */
export const taken = (address: string, resumeToken: string) => () =>
  json({ callId: "call_1", sdp: "an answer", resumeToken, session: {}, address });

/** A call that is connected at the first of three nodes; claims are answered in turn, and then by the last answer. */
export function setUp(...claims: readonly Answer[]) {
  return setUpWith({}, ...claims);
}

/** The same, with other answers to some requests. */
export async function setUpWith(
  routes: { readonly [route: string]: Answer },
  ...claims: readonly Answer[]
) {
  const [one, two, three] = [createNode(ONE), createNode(TWO), createNode(THREE)];
  const answers = [...claims];
  const call = setUpCall(
    {
      [CLAIM]: (asked, signal) => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer === undefined ? problem(503, "server-shutdown") : answer(asked, signal);
      },
      // Any server knows that the call's own is gone, and no more.
      "DELETE /v1/calls/call_1": () => problem(503, "unavailable"),
      ...routes,
    },
    false,
    [one, two, three],
  );
  await call.time.pass(0);
  await one.decide("call_started");
  media.report("connected");
  await one.say("connected");
  await call.time.pass(3000);
  const claimed = () =>
    call.server.asked
      .filter(({ method, path }) => `${method} ${path}` === CLAIM)
      .map(({ body }) => JSON.parse(body));
  /** What the node says to the widget that has come to it. */
  const receive = async (node = two) => {
    await node.decide("call_started");
    await node.say("reconnecting");
    await node.say("connected");
  };
  return { ...call, one, two, three, claimed, receive };
}
