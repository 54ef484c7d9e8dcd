/** What the delivery log keeps in its address. */

export type DeliveryStatus = "pending" | "delivered" | "dead";

export const STATUSES: readonly DeliveryStatus[] = ["pending", "delivered", "dead"];

export interface DeliverySearch {
  readonly integration?: string;
  readonly status?: DeliveryStatus[];
  readonly name?: string;
  readonly call?: string;
  readonly event?: string;
  readonly context?: string;
  readonly from?: string;
  readonly to?: string;
  /** The event whose delivery is shown in full. */
  readonly open?: string;
}
