/** What an event says. */

import type { EventView } from "../../api/generated/schema.ts";

type Envelope = EventView["event"];

/** When an event happened, as it says itself. */
export function timeOf({ event, recordedAt }: EventView): string {
  const { timestamp } = event;
  return typeof timestamp === "string" && !Number.isNaN(Date.parse(timestamp))
    ? timestamp
    : recordedAt;
}

export const nameOf = ({ event: { name } }: EventView): string =>
  typeof name === "string" ? name : "";

/** An event's own fields in a line, without what is the same on all of a call. */
export function factsOf(envelope: Envelope): string {
  return Object.entries(objectOf(envelope.data))
    .filter(([name, value]) => name !== "context" && name !== "isPreview" && value !== null)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}

/** The trace of an event in OpenTelemetry, where the request that brought it named none. */
export const traceOf = (id: string): string => id.replaceAll("-", "");

const objectOf = (value: unknown): object =>
  typeof value === "object" && value !== null ? value : {};
