/** What happened to a call, from all that is known of it, in one order. */

import type { CallDetails, DeliveryView, EventView } from "../../api/generated/schema.ts";

export type Entry = { readonly at: string; readonly key: string } & (
  | { readonly kind: "event"; readonly event: EventView }
  | { readonly kind: "connected" }
  | { readonly kind: "warning"; readonly warning: string; readonly raised: boolean }
  | { readonly kind: "delivery"; readonly delivery: DeliveryView; readonly integration: Named }
);

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Sources {
  readonly call: CallDetails;
  readonly events: readonly EventView[];
  readonly deliveries: readonly (readonly [Named, readonly DeliveryView[]])[];
}

export function timelineOf({ call, events, deliveries }: Sources): readonly Entry[] {
  const entries: Entry[] = [
    ...events.map((event): Entry => ({ at: timeOf(event), key: event.id, kind: "event", event })),
    ...(call.connectedAt == null
      ? []
      : [{ at: call.connectedAt, key: "connected", kind: "connected" } as const]),
    ...(call.quality?.warnings ?? []).map(
      ({ at, warning, raised }, index): Entry => ({
        at,
        key: `warning-${index}`,
        kind: "warning",
        warning,
        raised,
      }),
    ),
    ...deliveries.flatMap(([integration, some]) =>
      some.map(
        (delivery): Entry => ({
          at: delivery.recordedAt,
          key: `${integration.id}-${delivery.eventId}`,
          kind: "delivery",
          delivery,
          integration,
        }),
      ),
    ),
  ];
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank(a) - rank(b));
}

/** What comes of an event stands after it, also within the same millisecond. */
const rank = (entry: Entry) => (entry.kind === "delivery" ? 1 : 0);

/** When an event happened, as it says itself. */
export function timeOf({ event, recordedAt }: EventView): string {
  const { timestamp } = event;
  return typeof timestamp === "string" && !Number.isNaN(Date.parse(timestamp))
    ? timestamp
    : recordedAt;
}

export function nameOf({ event }: EventView): string {
  return typeof event.name === "string" ? event.name : "";
}

/** An event's own fields, without what is the same on all of a call. */
export function dataOf({ event }: EventView): readonly (readonly [string, unknown])[] {
  const data = typeof event.data === "object" && event.data !== null ? event.data : {};
  return Object.entries(data).filter(([name]) => name !== "context" && name !== "isPreview");
}

/** What the page said of the visitor. */
export function contextOf(events: readonly EventView[]): readonly (readonly [string, string])[] {
  for (const { event } of events) {
    const data = event.data as { context?: Record<string, unknown> } | undefined;
    if (data?.context !== undefined && typeof data.context === "object") {
      return Object.entries(data.context).map(([key, value]) => [key, String(value)]);
    }
  }
  return [];
}
