/** Texts about rehearsals. */

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const rehearsals = {
  title: "Rehearsal",
  integrationLead:
    "See retries, breaker and alerts before the night they are needed. Only events of test calls meet it: what is real is delivered as ever.",
  profileLead:
    "See what visitors see when a call can't be made. Only test calls meet it: visitors' calls go on as ever.",
  fault: "What goes wrong",
  faults: {
    server_error: [
      "The endpoint answers 500",
      "Each attempt fails at once and is tried again later.",
    ],
    hanging: ["The endpoint hangs", "Each attempt takes all its time, and ends without an answer."],
    rate_limited: [
      "The endpoint says 429",
      "It asks to be left alone for 20 seconds: Retry-After.",
    ],
    trunk_busy: [
      "The far side is busy",
      "The trunk answers 486; an overflow profile is tried next.",
    ],
    trunk_unavailable: [
      "The trunk takes no call",
      "It answers 503; an overflow profile is tried next.",
    ],
    microphone_denied: [
      "The microphone is denied",
      "The widget of a test call is told no, a second after it asks.",
    ],
  },
  during: "For how long",
  lengths: {
    30: "30 seconds",
    60: "1 minute",
    120: "2 minutes",
    300: "5 minutes",
    600: "10 minutes",
  } as Readonly<Record<number, string>>,
  begin: "Begin the rehearsal",
  begun: "The rehearsal has begun",
  end: "End it now",
  ended: "The rehearsal is over",
  noPreviews: "Nothing of test calls comes here yet",
  noPreviewsLead: "Switch “Tests too” and “Active” on in the settings, and choose events.",
  toSettings: "To the settings",
  states: { running: "Running", recovering: "Recovering", over: "Over" },
  left: (time: string) => `ends by itself in ${time}`,
  recovering: "The fault is over: the next probe shows that all is well.",
  breaker: "Breaker of the rehearsal",
  breakers: {
    closed: "Closed: all goes out",
    open: "Open: held back",
    half_open: "Half open: a probe is out",
  },
  nextProbe: "Next probe",
  failingSince: "Failing since",
  waiting: "Waiting",
  waitingEvents: (count: number) => plural(count, "event", "events"),
  real: "What is real",
  realFine: "Delivered as ever: it has a breaker of its own",
  alert: "Alert",
  noAlert: "No alert rule counts test calls",
  alertLead: "Make one, to see it fire",
  send: "Send a preview event",
  sendMany: "Send ten",
  sent: (count: number, name: string) => `${plural(count, "event", "events")} sent: ${name}`,
  testCall: "Make a test call",
  calls: "Test calls since then",
  attempts: "Attempts",
  attemptsNone: "Nothing was attempted yet",
  attemptsNoneLead:
    "Send a preview event, or make a test call. Ten failures in a row open the breaker.",
  columns: {
    at: "Begun",
    event: "Event",
    attempt: "Attempt",
    outcome: "What came of it",
    next: "Next one due",
  },
  delivered: "Delivered",
  simulated: "rehearsed, nothing sent",
  last: "none",
  earlier: "Earlier rehearsals",
  earlierNone: "None yet",
  earlierNoneLead: "What was rehearsed stays in this list, and in the audit.",
  lasted: (time: string) => `lasted ${time}`,
};
