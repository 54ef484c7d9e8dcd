/** Texts of analytics: what visitors and calls come to. */

export const analytics = {
  title: "Analytics",
  lead: "What visits come to: from the widget's load to a rated call.",
  period: "Period",
  days: { 7: "7 days", 30: "30 days", 90: "90 days", 365: "A year" } as Readonly<
    Record<number, string>
  >,
  chosen: "Other days",
  from: "First day",
  to: "Last day",
  countedTo: (time: string) => `Counted up to ${time}`,
  zone: (zone: string) => `Times are those of ${zone}`,
  filters: "Only",
  remove: (dimension: string, value: string) => `Remove the filter ${dimension}: ${value}`,
  none: "Nothing was counted in these days",
  noneLead: "Figures appear here when a widget is opened. Previews are not counted.",
  embed: "Get the snippet",

  change: (change: string, days: number) =>
    `${change} against the ${days === 1 ? "day" : `${days} days`} before`,
  noChange: (days: number) => `As in the ${days === 1 ? "day" : `${days} days`} before`,
  nothingBefore: (days: number) =>
    `Nothing to compare with in the ${days === 1 ? "day" : `${days} days`} before`,
  tooFew: "Too few calls",
  tooFewOf: (count: string) => `${count}: too few for a share`,
  meaning: (name: string) => `What “${name}” means`,

  figures: {
    loads: ["Loads", "Widgets that were loaded, once for each page that shows one."],
    taps: [
      "Taps",
      "Taps on the call button that led to a call or to an error. A visitor who takes the tap back at once is not counted.",
    ],
    microphones: [
      "Microphone allowed",
      "Taps after which the browser gave a microphone: all but those that were denied it, had none, or whose browser can't call.",
    ],
    accepted: ["Calls", "Calls that the server accepted, by when they started."],
    connected: [
      "Connected",
      "Calls in which both sides heard each other. One that is under way is counted when it is over.",
    ],
    ended: ["Ended cleanly", "Calls that one side hung up."],
    failed: ["Failed", "Calls that an error ended after they were accepted."],
    refused: ["Refused taps", "Taps that no call came of, such as without a microphone."],
    rated: ["Rated", "Calls whose survey was submitted."],
    closed: [
      "Wanted while closed",
      "Demand that was lost: taps that were refused outside business hours, and requests to be called back then.",
    ],
    oneWay: ["One-way audio", "Calls in which one of the two sides sent no sound."],
    answerRate: [
      "Answer rate",
      "The share of calls in which both sides heard each other, of those that are over.",
    ],
    meanDuration: ["Duration", "How long a call lasted on average, of those that ended cleanly."],
    meanWaitMs: [
      "Time to an answer",
      "How long it took on average from the accepted call until both sides heard each other.",
    ],
    meanScore: [
      "Sound (MOS)",
      "The mean opinion score of the worse side, from 1 to 5, of calls by a trunk in which both sides were heard. From 4.0 on people are satisfied.",
    ],
    meanRating: ["Rating", "The stars that visitors gave on average, from 1 to 5."],
  },

  funnel: {
    title: "From load to rating",
    lead: "How many come so far, and how many are lost at each step.",
    step: "Step",
    count: "Count",
    ofBefore: (share: string) => `${share} of the step before`,
    lost: (count: string) => `${count} lost`,
  },

  series: {
    title: "Over time",
    figure: "Figure",
    step: "By",
    steps: { hour: "Hours", day: "Days", week: "Weeks", month: "Months" },
    form: "Form",
    asChart: "Chart",
    asTable: "Table",
    when: "When",
    marks: "Marks",
    mark: {
      published: (name: string) => `Design version ${name} published`,
      rolled_back: (name: string) => `Design version ${name}, brought back`,
      hours_changed: (name: string) =>
        name === "" ? "Business hours changed" : `Business hours of ${name} changed`,
      alert: (name: string) => `Alert: ${name}`,
      trunk_down: (name: string) => `Trunk ${name} out of order`,
      trunk_recovered: (name: string) => `Trunk ${name} well again`,
      integration_down: (name: string) => `Integration ${name} out of order`,
      integration_recovered: (name: string) => `Integration ${name} well again`,
    } as Readonly<Record<string, (name: string) => string>>,
    summary: (name: string, total: string, most: string, when: string) =>
      `${name}: ${total} in all; the most, ${most}, ${when}`,
    mean: (name: string, most: string, when: string) => `${name}: at most ${most}, ${when}`,
    marked: (chart: string, marks: readonly string[]) => `${chart}. Marks: ${marks.join("; ")}`,
    more: (count: number) => `and ${count} more`,
    nothing: "Nothing to draw in these days",
    csv: "CSV",
    csvOf: "Download these rows as CSV",
  },

  breakdown: {
    title: "By",
    lead: "Choose a row to see only its visitors.",
    dimension: "Break down by",
    dimensions: {
      profile: "Profile",
      page: "Site",
      browser: "Browser",
      language: "Language",
      network: "Network",
    },
    unknown: "Not known",
    networks: { udp: "UDP", tcp: "TCP" } as Readonly<Record<string, string>>,
    only: (value: string) => `Only ${value}`,
    more: "Only the first 200 are shown; the CSV has all.",
  },

  heat: {
    title: "By hour of the week",
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    short: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    cell: (day: string, hour: string, value: string) => `${day}, ${hour}: ${value}`,
    less: "Fewer",
    moreOf: "More",
    weekday: "Weekday",
  },

  details: {
    refused: ["Why no call came of a tap", "Taps by the error's code."],
    failed: ["Why calls failed", "Calls by the error's code."],
    reasons: ["Who hung up", "Calls that ended cleanly."],
    qualities: ["How calls sounded", "Calls by a trunk in which anybody was heard."],
    durations: ["How long calls lasted", "Calls that ended cleanly."],
    waits: ["How long an answer took", "Calls in which both sides heard each other."],
    ratings: ["Ratings", "Calls by their stars, rounded."],
    callbacks: ["Why a call-back was asked for", "Requests to be called back."],
    nothing: "None in these days.",
    callbackReasons: {
      closed: "Closed",
      busy: "Busy",
      unanswered: "Nobody answered",
      unreachable: "Not reachable",
      other: "Another reason",
    } as Readonly<Record<string, string>>,
    share: "Share",
    count: "Count",
    what: "What",
    range: (from: string, to: string) => `${from} to ${to}`,
    from: (from: string) => `${from} or more`,
    calls: (what: string) => `Calls: ${what}`,
  },
};
