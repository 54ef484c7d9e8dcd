/**
 * Makes the events that the widget owns, and hands every event to those who listen in the browser.
 *
 * The server decides the events of an accepted call; here they are only passed on (`pass`).
 */

import type {
  Context,
  Envelope,
  EventData,
  EventName,
  IdentifiedEvent,
  Json,
  Submission,
} from "@bellpush/protocol";

/** Someone in the browser who is told of events: the parent page, custom code. */
export type Audience = (event: IdentifiedEvent) => void;

export interface Events {
  /** Makes a catalogue event, tells the audiences and sends it to the server. */
  emit<N extends EventName>(name: N, data: EventData[N], more?: SubmissionParts): void;
  /** The same for a custom event, whose name and data were checked before. */
  emitCustom(name: string, data: Fields, more: CustomParts): void;
  /** Tells the audiences of an event that the server has decided. */
  pass(event: IdentifiedEvent): void;
}

export type Fields = { readonly [key: string]: Json };
export type SubmissionParts = Pick<Submission, "callId" | "survey">;
export interface CustomParts extends Pick<Submission, "callId"> {
  /** Who emitted it, and so is not told again: an answer to one's own event would never end. */
  readonly except?: Audience;
}

export interface EventPorts {
  readonly context: Context;
  readonly preview: boolean;
  readonly newId: () => string;
  readonly timestamp: () => string;
  readonly audiences: readonly Audience[];
  readonly submit: (submission: Submission) => void;
}

export function createEvents(ports: EventPorts): Events {
  function make(name: string, fields: Fields): IdentifiedEvent {
    // In a preview every event says so; outside only widget_loaded has the field.
    const mark = ports.preview ? { isPreview: true } : {};
    const data: Envelope["data"] = { ...fields, ...mark, context: ports.context };
    return { id: ports.newId(), event: { name, data, timestamp: ports.timestamp() } };
  }

  function tell(event: IdentifiedEvent, except?: Audience): void {
    for (const audience of ports.audiences) {
      if (audience !== except) {
        audience(event);
      }
    }
  }

  return {
    emit(name, data, more) {
      const event = make(name, { ...data });
      tell(event);
      ports.submit({ ...event, ...more });
    },
    emitCustom(name, data, { except, ...more }) {
      const event = make(name, data);
      tell(event, except);
      ports.submit({ ...event, ...more });
    },
    pass: (event) => tell(event),
  };
}
