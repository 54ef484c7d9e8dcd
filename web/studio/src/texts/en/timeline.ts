/** Texts about what happened to a call. */

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
const milliseconds = (value: number) => `${Math.round(value)} ms`;

export const timeline = {
  title: "Timeline",
  lead: "All that is known of this call, in the order in which it happened.",
  show: "Shown in the timeline",
  groups: {
    events: "Events",
    phases: "Phases",
    sip: "SIP",
    quality: "Quality",
    deliveries: "Deliveries",
    visitor: "Visitor",
  },
  more: (count: string) => `Show ${count} more`,
  kept: (until: string) => `SIP messages and quality are kept until ${until}.`,
  notKept: "There are no SIP messages and no quality of this call, or none any more.",
  dropped: (count: number) =>
    `${plural(count, "message or sample", "messages and samples")} found no room.`,

  phases: {
    connecting: "Connecting",
    ringing: "It rings",
    connected: "Connected: both sides hear each other",
    reconnecting: "The visitor's connection was gone: reconnecting",
  } as Readonly<Record<string, string>>,
  held: "The other side put the visitor on hold",
  resumed: "The other side took the call up again",
  queued: "The call waits in a queue",
  queuePosition: (position: number) => `place ${position}`,
  queueWait: (seconds: number) => `expected wait ${seconds} s`,
  transferred: "The phone system connected somebody else",
  answered: (profile: string) => `${profile} took the call`,
  takenOver: (why: string, ms: number) =>
    `Another server took the call over, in ${milliseconds(ms)}: ${why}`,
  takeOverReasons: {
    stopping: "its own was about to stop",
    lost: "its own was gone",
    unreachable: "the visitor could not reach its own",
  },
  rejected: (answer: string) => `The phone system did not take it: ${answer}`,
  noResponse: "no final response",
  sent: "Sent",
  received: "Received",
  message: (label: string) => `The message ${label}`,
  warnings: {
    microphone_lost: "The microphone was gone",
    microphone_silent: "The microphone gave no sound",
    nothing_heard: "The visitor heard nothing",
    network_weak: "The visitor's network was weak",
  } as Readonly<Record<string, string>>,
  warningOver: (warning: string) => `Over: ${warning.toLowerCase()}`,
  delivered: (to: string) => `Delivered to ${to}`,
  pending: (to: string) => `On its way to ${to}`,
  dead: (to: string) => `Given up: ${to}`,
  attempts: (count: number) => plural(count, "attempt", "attempts"),
  attempt: (number: number, ms: number) => `Attempt ${number} was taken, in ${milliseconds(ms)}`,
  failedAttempt: (number: number, ms: number) =>
    `Attempt ${number} failed, after ${milliseconds(ms)}`,
  consentGiven: "The visitor consented",
  consentRefused: "The visitor was shown what to consent to",
  form: "The visitor had filled in the form",
  survey: "The visitor answered the survey",
  callback: (why: string) => `The visitor asked to be called back: ${why}`,
  callbackReasons: {
    closed: "it was closed",
    busy: "it was busy",
    unanswered: "nobody answered",
    unreachable: "nobody could be reached",
    other: "for another reason",
  },
  raw: "The event itself",
  trace: "Trace",

  ladder: {
    title: "SIP messages",
    lead: "What the server and the phone system said to each other. Passwords, keys and pressed keys are masked.",
    drawn: "The ladder",
    pcap: "pcap",
    text: "Text",
    here: "Bellpush",
    after: (ms: number) => `+${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
    way: (remote: string, transport: string, isSent: boolean) =>
      `${isSent ? "to" : "from"} ${remote} by ${transport}`,
  },

  curves: {
    title: "Quality",
    lead: "How both sides were received, measured every few seconds.",
    form: "Shown as",
    asCurves: "Curves",
    asTable: "Table",
    when: "When",
    side: "Side",
    sides: { visitor: "From the visitor", far_side: "From the other side" },
    metrics: {
      loss: "Packets lost",
      jitter: "Jitter",
      roundTrip: "Round trip",
      mos: "Score (MOS)",
    },
    value: {
      loss: (value: number) => `${value.toFixed(1)} %`,
      jitter: (value: number) => `${value.toFixed(1)} ms`,
      roundTrip: milliseconds,
      mos: (value: number) => value.toFixed(2),
    },
    upTo: (value: string) => `up to ${value}`,
    at: (offset: string) => `at ${offset}`,
    none: "Not measured in this call.",
    summary: (side: string, mean: string, worst: string) =>
      `${side} ${mean} on average, ${worst} at the worst`,
  },
};
