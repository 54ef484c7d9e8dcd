// Generated from the Rust core by `cargo xtask generate`. Do not edit.

/** What the visitor sees. */
export const STATES = [
  "idle",
  "closed",
  "calling",
  "ended",
  "survey",
  "survey_submitted",
  "error",
] as const;
export type State = (typeof STATES)[number];

/** The parts of `calling`, for the interface; they fire no event. */
export const PHASES = [
  "requesting",
  "connecting",
  "ringing",
  "connected",
  "reconnecting",
] as const;
export type Phase = (typeof PHASES)[number];

/** What moves the widget from one state to another. */
export const TRIGGERS = [
  "tap",
  "hang_up",
  "fail",
  "cancel",
  "resume",
  "open_survey",
  "submit_survey",
  "start_over",
  "close",
  "open",
] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** The catalogue of events. */
export const EVENT_NAMES = [
  "widget_loaded",
  "call_started",
  "call_ended",
  "call_error",
  "survey_submitted",
  "custom_button_clicked",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** Who ended a call cleanly. */
export const END_REASONS = [
  "user_hangup",
  "remote_hangup",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** What a custom button does. */
export const BUTTON_ACTIONS = [
  "link",
  "copy",
  "call_phone",
  "email",
  "emit",
] as const;
export type ButtonAction = (typeof BUTTON_ACTIONS)[number];

/** Why a call failed. */
export const ERROR_CODES = [
  "media_failed",
  "microphone_denied",
  "microphone_unavailable",
  "browser_unsupported",
  "signaling_failed",
  "destination_busy",
  "destination_unreachable",
  "destination_rejected",
  "no_answer",
  "rate_limited",
  "closed",
  "session_expired",
  "server_shutdown",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The codes that a widget may report, of a call that was never accepted. */
export const WIDGET_ERROR_CODES = [
  "microphone_denied",
  "microphone_unavailable",
  "browser_unsupported",
  "signaling_failed",
  "rate_limited",
  "closed",
  "session_expired",
] as const;
export type WidgetErrorCode = (typeof WIDGET_ERROR_CODES)[number];

/** What people are told: the `errorMessage` of each code. */
export const ERROR_MESSAGES: Record<ErrorCode, string> = {
  media_failed: "The connection for the sound was lost.",
  microphone_denied: "The microphone is not allowed. Allow it in the address bar, then try again.",
  microphone_unavailable: "No microphone could be used. Connect one or close other programs that use it, then try again.",
  browser_unsupported: "This browser can't make calls here.",
  signaling_failed: "The call could not be set up. Check your connection, then try again.",
  destination_busy: "The line is busy. Please try again in a moment.",
  destination_unreachable: "The number called can't be reached right now.",
  destination_rejected: "The call was not accepted.",
  no_answer: "Nobody answered. Please try again later.",
  rate_limited: "Too many calls were started. Please wait a minute, then try again.",
  closed: "We are closed right now.",
  session_expired: "This page was open for too long. Reload it, then try again.",
  server_shutdown: "The call was ended because the service restarted. Please call again.",
};

/** One row of the life cycle's table. */
export interface Transition {
  readonly from: State;
  readonly trigger: Trigger;
  readonly to: State;
  /** The catalogue event that it fires. That of the tap fires when the server has accepted the request, all others at once. */
  readonly event: EventName | null;
}

/** Every transition that exists. */
export const TRANSITIONS: readonly Transition[] = [
  { from: "idle", trigger: "tap", to: "calling", event: "call_started" },
  { from: "calling", trigger: "hang_up", to: "ended", event: "call_ended" },
  { from: "calling", trigger: "fail", to: "error", event: "call_error" },
  { from: "calling", trigger: "cancel", to: "idle", event: null },
  { from: "idle", trigger: "resume", to: "calling", event: null },
  { from: "closed", trigger: "resume", to: "calling", event: null },
  { from: "ended", trigger: "open_survey", to: "survey", event: null },
  { from: "survey", trigger: "submit_survey", to: "survey_submitted", event: "survey_submitted" },
  { from: "ended", trigger: "start_over", to: "idle", event: null },
  { from: "survey", trigger: "start_over", to: "idle", event: null },
  { from: "error", trigger: "start_over", to: "idle", event: null },
  { from: "survey_submitted", trigger: "start_over", to: "idle", event: null },
  { from: "idle", trigger: "close", to: "closed", event: null },
  { from: "closed", trigger: "open", to: "idle", event: null },
];

/** Data of `widget_loaded`: once per widget load, after the first render. */
export interface WidgetLoadedData {
  /** true inside a preview, false in production */
  isPreview: boolean;
}

/** Data of `call_started`: the visitor tapped call and the outbound request was accepted. */
export interface CallStartedData {
  /** the profile that was asked for; null for the default profile */
  destinationId: string | null;
  /** the routing key of the session */
  routingKey: string | null;
  /** whether the form before the call was used */
  hasFormValues: boolean;
}

/** Data of `call_ended`: the call was terminated cleanly. */
export interface CallEndedData {
  /** whole seconds since call_started, rounded down */
  duration: number;
  /** who hung up: user_hangup, or remote_hangup (agent, IVR or queue) */
  reason: EndReason;
}

/** Data of `call_error`: the call failed to start, or dropped because of media or network. */
export interface CallErrorData {
  /** machine-readable reason */
  errorCode: ErrorCode;
  /** the reason for people */
  errorMessage: string;
}

/** Data of `survey_submitted`: the visitor completed the post-call survey. */
export interface SurveySubmittedData {
  /** mean of the visitor's answers, 1 to 5, rounded to two decimals */
  rating: number;
  /** how many questions were answered */
  answerCount: number;
  /** whether a comment was left */
  hasComment: boolean;
}

/** Data of `custom_button_clicked`: a custom button was used. */
export interface CustomButtonClickedData {
  /** the button's label, as configured */
  label: string;
  /** what the button does */
  action: ButtonAction;
}

/** The data of each catalogue event, besides `context`. */
export interface EventData {
  widget_loaded: WidgetLoadedData;
  call_started: CallStartedData;
  call_ended: CallEndedData;
  call_error: CallErrorData;
  survey_submitted: SurveySubmittedData;
  custom_button_clicked: CustomButtonClickedData;
}

/** The form of a custom event's name, as a regular expression. */
export const CUSTOM_NAME_PATTERN = "^[a-z][a-z0-9_]{0,63}$";

/** Bytes of a custom event's data as JSON, without its context, at most. */
export const MAX_CUSTOM_DATA_BYTES = 8192;

/** What a context may hold, at most; bytes are those of all keys and values in UTF-8. */
export const CONTEXT_LIMITS = {
  keys: 32,
  keyChars: 64,
  valueChars: 512,
  bytes: 8192,
} as const;

/** Query parameters of the widget's address that are not context. */
export const RESERVED_PARAMETERS = [
  "key",
  "session",
  "destination",
  "lang",
  "theme",
  "preview",
  "origin",
] as const;

/** What a survey may hold, at most. */
export const SURVEY_LIMITS = {
  questions: 20,
  commentChars: 2000,
} as const;
