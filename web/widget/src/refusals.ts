/** Why there can be no call, as far as the browser tells: loaded when there can be none. */

import type { Refusal } from "./errors.ts";
import type { BrowserFacts } from "./microphone.ts";

export interface MicrophoneFacts {
  /** Whether the embedding page lets us have it; null where the browser does not tell. */
  readonly allowedByPage: boolean | null;
  /** How long the answer took: no person answers within a moment. */
  readonly tookMs: number;
}

/** No visitor reads a question and answers it in less. */
const FASTEST_ANSWER_MS = 150;

/** The code for what `getUserMedia` threw, and what more is known. */
export function refusalOfMicrophone(error: unknown, facts: MicrophoneFacts): Refusal {
  const { name, message } =
    error instanceof Error || error instanceof DOMException ? error : { name: "", message: "" };
  if (name !== "NotAllowedError" && name !== "SecurityError") {
    return { code: "microphone_unavailable", reason: null };
  }
  const code = "microphone_denied";
  if (facts.allowedByPage === false) {
    return { code, reason: "by_page" };
  }
  if (/by system/i.test(message)) {
    return { code, reason: "by_system" };
  }
  const unknown = facts.allowedByPage === null && facts.tookMs < FASTEST_ANSWER_MS;
  return { code, reason: unknown ? "blocked" : null };
}

/** Browsers within other apps, which often can't make calls. */
const IN_APP =
  /FBAN|FBAV|Instagram|\bLine\/|MicroMessenger|Twitter|LinkedInApp|Snapchat|TikTok|musical_ly|Bytedance|Pinterest|; wv\)|GSA\/|DuckDuckGo\/.*Mobile/;

/** Why this browser can make no call, whoever asks. */
export function unsupported(browser: BrowserFacts): Refusal {
  const code = "browser_unsupported";
  if (!browser.secure) {
    return { code, reason: "insecure" };
  }
  if (IN_APP.test(browser.userAgent)) {
    return { code, reason: "in_app" };
  }
  return { code, reason: browser.webRtc ? "no_devices" : "no_webrtc" };
}
