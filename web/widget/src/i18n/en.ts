import { ERROR_MESSAGES, type Phase } from "@bellpush/protocol";
import type { ErrorReason } from "../errors.ts";
import type { Warning } from "../state.ts";

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
  elsewhere: {
    title: "You are in a call",
    text: "It goes on in another tab.",
    call: "Bring the call here",
  },
  phases: {
    requesting: "Allow your microphone",
    connecting: "Connecting…",
    ringing: "Ringing…",
    connected: "Connected",
    reconnecting: "Reconnecting…",
  } satisfies Record<Phase, string>,
  calling: {
    allow: "Your browser asks for it now.",
    cancel: "Cancel",
    leaving: "Ending the call…",
    held: "On hold",
    mute: "Mute",
    unmute: "Unmute",
    muted: "Microphone off",
    listening: "You are listening without a microphone. You can use the keypad.",
    hear: "Tap to hear",
    keypad: "Keypad",
    audio: "Audio",
    star: "Star",
    hash: "Hash",
    hangUp: "Hang up",
    duration: "Duration",
  },
  devices: {
    microphone: "Microphone",
    speaker: "Speaker",
    none: "There is nothing to choose from.",
    failed: "This device could not be used.",
  },
  warnings: {
    microphone_lost: "Your microphone is gone. Connect one to be heard.",
    microphone_silent: "Your microphone gives no sound. Is it switched off?",
    nothing_heard: "Nothing comes from the other side right now.",
    network_weak: "Your network is weak. The sound may break up.",
    talking_muted: "You are muted.",
  } satisfies Record<Warning, string>,
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
    messages: {
      ...ERROR_MESSAGES,
      microphone_denied:
        "The microphone was not allowed. Allow it in your browser's settings for this page: the call then goes on by itself.",
    } as Record<string, string>,
    reasons: {
      by_page: "This page does not let calls use the microphone. You can't change that here.",
      by_system:
        "Your device does not let the browser use the microphone. Allow it in the device's privacy settings, then try again.",
      blocked:
        "The microphone is blocked for this page, by the page itself or by your browser's settings for it.",
      unanswered:
        "Your browser asked for the microphone and got no answer. Try again, and answer with “Allow”.",
      insecure: "This page is not secure, so that your browser lets nobody make calls here.",
      in_app: "This app can't make calls. Open this page in Safari or Chrome.",
      no_webrtc:
        "This browser can't make calls, or calls are switched off in it. Open this page in another browser.",
      no_devices: "This browser can't use a microphone. Open this page in another browser.",
    } satisfies Record<ErrorReason, string>,
    retry: "Try again",
    copyAddress: "Copy the link",
    listen: "Call without a microphone",
    listenHint: "You hear the other side, and can use the keypad.",
  },
  closed: {
    title: "We are closed right now",
    text: "Please come back during our business hours.",
    opens: (moment: string) => `You can call us again from ${moment} on.`,
  },
  refused: {
    title: "This call button can't be shown",
    text: "It works only within a page that is allowed to embed it.",
  },
  copied: "Copied",
};

export default en;
