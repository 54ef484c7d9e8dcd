/** Texts of the screen Privacy. */

const plural = (count: string, one: string, many: string) =>
  `${count} ${count === "1" ? one : many}`;

export const privacy = {
  title: "Privacy",
  lead: "What is kept of one person, and for how long anything is.",
  sentNowhere: "Their data was sent to no endpoint.",
  sent: (name: string, events: number) => `${name}: ${plural(String(events), "event", "events")}`,

  addresses: {
    title: "IP addresses",
    lead: "No visitor's address is kept or passed on: not in calls, events, webhooks, SIP messages or logs. Limits by address are counted in memory.",
  },

  person: {
    title: "A person",
    lead: "By a value that only they have. It is kept nowhere, and is in no address.",
    by: "Where the value stands",
    byContext: "Context of the page",
    byForm: "Form",
    key: "Key",
    keyHint: "As the page gives it, such as customerId.",
    field: "Field",
    fieldHint: "The name of the form's field; empty: any field.",
    value: "Value",
    valueHint: "The whole value, as it was given or written.",
    find: "Find",
    nothing: "Nothing is kept of somebody with this value.",
    found: "What is kept",
    since: "Since",
    kinds: {
      sessions: "Visits",
      calls: "Calls",
      forms: "Filled forms",
      surveys: "Surveys",
      callbacks: "Call-back requests",
      events: "Events",
      records: "Records of calls",
      deliveries: "Deliveries",
    },
    sentTo: "Sent to these endpoints:",
    formats: { html: "As a page", csv: "CSV", json: "JSON" },
    erase: "Erase",
    eraseTitle: "Erase this person",
    eraseTyped: "erase",
    eraseLead: (events: string, calls: string) =>
      `${plural(events, "event", "events")} and ${plural(calls, "call", "calls")} go, with their visits, forms, surveys, deliveries and records, and every export of this app. Calls under way end. This can't be undone, and no backup brings it back.`,
    erasing: "It is being erased",
  },

  retention: {
    title: "How long it is kept",
    lead: "What is older is deleted for good, as a rule within the hour.",
    forGood: "For good",
    days: " days",
    kinds: {
      visits: "Visits",
      events: "Events",
      deliveries: "Deliveries",
      calls: "Calls",
      forms: "Forms and surveys",
      callbacks: "Call-back requests",
      records: "Records of calls",
    },
    hints: {
      visits: "With the context that the page gave: what calls and events are searched by.",
      events: "With their deliveries.",
      deliveries: "That have ended, with what endpoints answered.",
      calls: "That are over, with all that is kept of each.",
      forms: "What people wrote and answered; the calls stay.",
      callbacks: "With what people wrote.",
      records: "SIP messages and quality; never longer than the server keeps them.",
    },
    next: (rows: string, more: boolean) =>
      `Next deletion: ${plural(more ? `${rows}+` : rows, "row", "rows")} on`,
  },

  erasures: {
    title: "Erasures",
    lead: "Of whom is not known any more; what went is.",
    none: "Nobody was erased yet.",
    running: "Erasing",
    by: (name: string) => `by ${name}`,
    of: (done: string, all: string) => `${done} of ${all} visits`,
    done: "Erased",
    repeated: "Erased again: this database comes from a backup",
    gone: (what: string) => `Gone: ${what}.`,
    ask: "Ask these endpoints to erase it, too:",
    kinds: {
      sessions: (count: string) => plural(count, "visit", "visits"),
      calls: (count: string) => plural(count, "call", "calls"),
      events: (count: string) => plural(count, "event", "events"),
      surveys: (count: string) => plural(count, "survey", "surveys"),
      callbacks: (count: string) => plural(count, "call-back request", "call-back requests"),
      records: (count: string) => plural(count, "record of a call", "records of calls"),
      deliveries: (count: string) => plural(count, "delivery", "deliveries"),
      attempts: (count: string) => plural(count, "attempt", "attempts"),
      exports: (count: string) => plural(count, "export", "exports"),
    },
  },
};
