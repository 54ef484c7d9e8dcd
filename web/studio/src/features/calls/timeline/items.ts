/** What happened to a call, as the server tells it. */

import type {
  Happening,
  SampleView,
  SipView,
  TimelineItem,
} from "../../../api/generated/schema.ts";
import type { Tone } from "../../../ui/Status.tsx";

export type HappeningOf<K extends Happening["kind"]> = Extract<Happening, { kind: K }>;
export interface Item {
  /** Its place among all of them. */
  readonly key: number;
  readonly at: string;
  readonly atMicros: number;
  readonly what: Happening;
}

export const itemsOf = (items: readonly TimelineItem[]): readonly Item[] =>
  (items as unknown as readonly Omit<Item, "key">[]).map((item, key) => ({ ...item, key }));

export interface Sample extends SampleView {
  /** Its place among all of them. */
  readonly key: number;
}

export const samplesOf = (samples: readonly SampleView[]): readonly Sample[] =>
  samples.map((sample, key) => ({ ...sample, key }));

/** What can be shown and left out together. */
export const GROUPS = ["events", "phases", "sip", "quality", "deliveries", "visitor"] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Record<Happening["kind"], Group> = {
  event: "events",
  phase: "phases",
  hold: "phases",
  notice: "phases",
  answered: "phases",
  taken_over: "phases",
  rejected: "phases",
  sip: "sip",
  quality: "quality",
  warning: "quality",
  delivery: "deliveries",
  attempt: "deliveries",
  consent: "visitor",
  form: "visitor",
  survey: "visitor",
  callback: "visitor",
};

export const groupOf = ({ what }: Item): Group => GROUP_OF[what.kind];

/** How many there are of each group, of those that there are. */
export function countsOf(items: readonly Item[]): ReadonlyMap<Group, number> {
  const counts = new Map<Group, number>();
  for (const item of items) counts.set(groupOf(item), (counts.get(groupOf(item)) ?? 0) + 1);
  return counts;
}

export function toneOf({ what }: Item): Tone {
  switch (what.kind) {
    case "event":
      return what.name === "call_error" ? "bad" : "good";
    case "answered":
      return "good";
    case "phase":
      return what.phase === "reconnecting" ? "warn" : what.phase === "connected" ? "good" : "none";
    case "rejected":
      return "bad";
    case "quality":
      return "warn";
    case "warning":
      return what.raised ? "warn" : "none";
    case "delivery":
      return what.status === "dead" ? "bad" : "none";
    case "attempt":
      return what.failure == null ? "none" : "warn";
    case "sip":
      return toneOfSip(what.class);
    default:
      return "none";
  }
}

export function toneOfSip(kind: SipView["class"]): Tone {
  switch (kind) {
    case "success":
      return "good";
    case "redirect":
      return "warn";
    case "client_error":
    case "server_error":
    case "global_error":
      return "bad";
    default:
      return "none";
  }
}

/** What the page said of the visitor. */
export function contextOf(items: readonly Item[]): readonly (readonly [string, string])[] {
  for (const { what } of items) {
    const data = what.kind === "event" ? what.event.data : undefined;
    const context = isObject(data) ? (data as { context?: unknown }).context : undefined;
    if (isObject(context)) return Object.entries(context).map(([key, one]) => [key, String(one)]);
  }
  return [];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A SIP message with its place among the others. */
export interface Message extends SipView {
  readonly at: string;
  readonly key: number;
  /** Milliseconds since the one before; null for the first. */
  readonly after: number | null;
}

export function messagesOf(items: readonly Item[]): readonly Message[] {
  const messages: Message[] = [];
  let before: number | null = null;
  for (const { at, atMicros, what } of items) {
    if (what.kind !== "sip") continue;
    const after = before === null ? null : (atMicros - before) / 1_000;
    messages.push({ ...(what as SipView), at, key: messages.length, after });
    before = atMicros;
  }
  return messages;
}

/** The addresses that the server talked to, in the order in which it began to. */
export const remotesOf = (messages: readonly Message[]): readonly string[] => [
  ...new Set(messages.map((message) => message.remote)),
];

export const METRICS = ["loss", "jitter", "roundTrip", "mos"] as const;
export type Metric = (typeof METRICS)[number];
export const SIDES = ["visitor", "far_side"] as const;
export type Side = (typeof SIDES)[number];

/** A value of a sample; null where it was not measured. */
export function measured(sample: SampleView, metric: Metric): number | null {
  switch (metric) {
    case "loss": {
      const expected = sample.packets + sample.lost;
      return expected === 0 ? null : (100 * sample.lost) / expected;
    }
    case "jitter":
      return sample.packets === 0 ? null : sample.jitterMs;
    case "roundTrip":
      return sample.roundTripMs ?? null;
    case "mos":
      return sample.mos ?? null;
  }
}

export interface Point {
  /** Milliseconds since the call began: the end of what was measured. */
  readonly at: number;
  /** The milliseconds that it is about. */
  readonly span: number;
  readonly value: number;
}

/** Lines of a side's values: where nothing was measured, one ends. */
export function linesOf(
  samples: readonly SampleView[],
  side: Side,
  metric: Metric,
  start: number,
): readonly (readonly Point[])[] {
  const lines: Point[][] = [];
  let open: Point[] | null = null;
  for (const sample of samples) {
    if (sample.side !== side) continue;
    const value = measured(sample, metric);
    if (value === null) {
      open = null;
      continue;
    }
    if (open === null) {
      open = [];
      lines.push(open);
    }
    open.push({ at: Date.parse(sample.at) - start, span: sample.spanMs, value });
  }
  return lines;
}
