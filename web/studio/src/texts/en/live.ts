/** Texts about what happens right now, and about the events of all calls. */

export const live = {
  title: "Live",
  lead: "Calls under way, and events as they come.",
  states: {
    starting: "Starting",
    live: "Live",
    lost: "Connection lost",
    stopped: "Stopped",
    paused: (count: number) => `Paused · ${count} waiting`,
    pausedCut: (count: number) =>
      `Paused · ${count} waiting, and others before them under All events`,
  },
  lost: "The connection is lost",
  lostLead: (time: string) =>
    `What you see is as of ${time}. It is tried again by itself; nothing that happens meanwhile is missed.`,
  stopped: "It has stopped",
  replaced:
    "You watch this app in several other windows, and a newer one has taken this one's place.",
  pause: "Pause",
  resume: "Go on",
  earlier: "All events",
  underWay: "Under way",
  nobody: "Nobody is calling right now.",
  phases: {
    connecting: "Connecting",
    ringing: "Ringing",
    connected: "Connected",
    reconnecting: "Reconnecting",
  } as Readonly<Record<string, string>>,
  held: "On hold",
  since: (time: string) => `since ${time}`,
  showAll: (count: string) => `Show all ${count}`,
  events: "Events",
  noEvents: "Nothing yet",
  noEventsLead: "Events appear here as they happen. Place a test call to see some.",
  noMatchLead: "No event has fitted these filters so far. The next one appears here.",
};

export const events = {
  title: "Events",
  lead: "Every event that was recorded, newest first.",
  name: "Event",
  allNames: "All events",
  when: "When",
  call: "Call",
  noCall: "Of no call",
  data: "Data",
  id: "Id",
  none: "No events yet",
  noneLead: "The first ones come when a widget is opened.",
};
