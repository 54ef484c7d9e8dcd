/** Events as custom code would hear them, of a call that never was. */

import { EVENT_NAMES, type EventName, type IdentifiedEvent, type Json } from "@bellpush/protocol";

export const SAMPLES: readonly EventName[] = EVENT_NAMES;

const CALL = { callId: "call_0192a7c2b3d47e5f8a9b0c1d2e3f4a5b" };

const DATA: { readonly [N in EventName]?: Readonly<Record<string, Json>> } = {
  widget_loaded: { isPreview: true },
  call_started: { ...CALL, hasFormValues: false },
  call_ended: { ...CALL, duration: 154, reason: "remote_hangup" },
  call_error: { errorCode: "no_answer", errorMessage: "Nobody answered." },
  survey_submitted: { ...CALL, rating: 5 },
  custom_button_clicked: { label: "Read more", action: "link" },
};

export function sampleOf(name: EventName, id: string, now: Date): IdentifiedEvent {
  const data = { ...DATA[name], isPreview: true, context: { orderId: "A-12345" } };
  return { id, event: { name, data, timestamp: now.toISOString() } };
}
