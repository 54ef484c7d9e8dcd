/** What `check` says: one code and one sentence for each thing that a call needs. */

export type CheckCode =
  | "https"
  | "permissions_policy"
  | "allow"
  | "csp"
  | "coep"
  | "server"
  | "app"
  | "widget_key"
  | "origin"
  | "webrtc"
  | "microphone"
  | "udp"
  | "tcp"
  | "turn"
  | "event_stream"
  | "clock";

export interface Finding {
  readonly code: CheckCode;
  /** `false`: this would keep calls from working here; null: it could not be found out. */
  readonly ok: boolean | null;
  /** What was found, and what to change if it is wrong. */
  readonly sentence: string;
}

export interface Report {
  /** Nothing was found that would keep a call from being made. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** What is checked. */
export type Checked = { readonly [N in "app" | "key" | "host"]?: string | undefined };

/** From the check's frame to the page that has put it in. */
export interface CheckMessage {
  readonly source: "bellpush";
  readonly version: 1;
  readonly check: readonly Finding[];
}
