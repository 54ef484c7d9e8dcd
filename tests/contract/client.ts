// What a client in TypeScript makes of the generated types. It is compiled, not run: a type that has
// become `unknown` or `never`, or an operation that has lost its name, does not compile any more.
import type { components, operations } from "./dist/api.js";

type Schemas = components["schemas"];
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { "application/json": infer Sent } };
}
  ? Sent
  : never;
type Answer<Name extends keyof operations, Status extends number> = operations[Name] extends {
  responses: Record<Status, { content: { "application/json": infer Received } }>;
}
  ? Received
  : never;

export const app: Body<"createApp"> = {
  name: "Shop",
  allowedOrigins: ["https://shop.example"],
  hours: { timeZone: "Europe/Berlin", week: { monday: [{ from: "09:00", to: "17:00" }] } },
  customButtons: [{ label: "Our shop", action: "link", url: "https://shop.example" }],
};

export const change: Body<"updateApp"> = { name: "Shop", hours: null };

export const profile: Body<"createDestination"> = {
  name: "Sales",
  kind: "sip",
  trunkId: "trunk_01920000000070008000000000000001",
  to: "100",
  routingKeys: { vip: { user: "101" } },
};

export const integration: Body<"createIntegration"> = {
  name: "CRM",
  url: "https://hooks.example/bellpush",
  secrets: { token: "secret" },
};

export const trunk: Body<"createTrunk"> = { name: "Provider", domain: "sip.provider.example" };

/** The pages of a list, one after the other. */
export async function* callsOf(
  read: (after: string | undefined) => Promise<Answer<"listCalls", 200>>,
): AsyncGenerator<Schemas["CallView"]> {
  let after: string | undefined;
  do {
    const page = await read(after);
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

/** What to show where a setting was refused. */
export function fault(problem: Schemas["Problem"]): { field: string; words: string } {
  return { field: problem.pointer ?? problem.parameter ?? "", words: problem.detail };
}

/** Every fault of a design document. */
export function faults(problem: Schemas["DesignProblem"]): string[] {
  return (problem.errors ?? []).map(({ pointer, detail }) => `${pointer}: ${detail}`);
}
