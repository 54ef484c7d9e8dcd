import { ERROR_MESSAGES, type Phase } from "@bellpush/protocol";

/** Every text of the widget, in English: the model for all other languages. */
const en = {
  language: "en",
  direction: "ltr" as "ltr" | "rtl",
  idle: {
    title: "Talk to us",
    text: "A free call, right from your browser. No phone needed.",
    call: "Call now",
    hint: "Your browser will ask for your microphone.",
  },
  phases: {
    requesting: "Allow your microphone",
    connecting: "Connecting…",
    ringing: "Ringing…",
    connected: "Connected",
    reconnecting: "Reconnecting…",
  } satisfies Record<Phase, string>,
  calling: {
    allow: "Your browser asks for it now, near the address bar.",
    leaving: "Ending the call…",
    mute: "Mute",
    unmute: "Unmute",
    muted: "Microphone off",
    keypad: "Keypad",
    hideKeypad: "Hide keypad",
    digit: (digit: string) => {
      switch (digit) {
        case "*":
          return "Star";
        case "#":
          return "Hash";
        default:
          return digit;
      }
    },
    hangUp: "Hang up",
    duration: "Duration",
  },
  quality: {
    4: "Excellent connection",
    3: "Good connection",
    2: "Weak connection",
    1: "Poor connection",
  },
  ended: {
    title: "Call ended",
    thanks: "Thank you for your call.",
    duration: (time: string) => `It lasted ${time}.`,
    again: "Call again",
  },
  survey: {
    title: "How did we do?",
    after: (time: string) => `Your call lasted ${time}.`,
    lowest: "Poor",
    highest: "Great",
    rating: (rating: number) => `${rating} of 5`,
    commentHint: "Optional",
    submit: "Send",
    missing: "Please answer at least one question.",
  },
  submitted: {
    title: "Thank you!",
    text: "Your feedback helps us to get better.",
    again: "Start over",
  },
  error: {
    title: "The call didn't work",
    messages: ERROR_MESSAGES as Record<string, string>,
    retry: "Try again",
    reload: "Reload",
  },
  closed: {
    title: "We are closed right now",
    text: "Please come back during our business hours.",
    opens: (moment: string) => `You can call us again from ${moment} on.`,
    call: "Call now",
  },
  refused: {
    title: "This call button can't be shown",
    text: "It works only within a page that is allowed to embed it.",
  },
  copied: "Copied",
  /** Minutes and seconds for screen readers and sentences. */
  spokenTime: (minutes: number, seconds: number) => {
    const parts = [
      ...(minutes > 0 ? [`${minutes} ${minutes === 1 ? "minute" : "minutes"}`] : []),
      `${seconds} ${seconds === 1 ? "second" : "seconds"}`,
    ];
    return parts.join(" ");
  },
};

export default en;
