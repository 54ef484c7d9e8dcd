/** Texts about exports. */

export const exports = {
  open: "Export",
  title: "Exports",
  format: "Format",
  begin: "Begin",
  all: { calls: "All calls of this app.", events: "All events of this app." },
  filtered: {
    calls: "The calls that the filters show, as of now.",
    events: "The events that the filters show, as of now.",
  },
  hints: {
    csv: "For spreadsheets: no cell can be a formula.",
    json: "An array of what the API shows.",
  },
  kinds: { calls: "Calls", events: "Events" },
  name: (kind: string, format: string) => `${kind}, ${format}`,
  none: "None yet. Files are kept for a day.",
  download: "Download",
  stop: "Stop",
  running: "Being written",
  written: (rows: string, size: string) => `${rows === "1" ? "1 row" : `${rows} rows`}, ${size}`,
  of: (written: string, all: string) => `${written}, of ${all} rows`,
  until: "kept until",
  failed: "Given up",
};
