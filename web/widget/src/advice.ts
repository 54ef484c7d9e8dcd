/**
 * What is said to the developer of the embedding page, in the console: loaded when there is something
 * to say.
 */

import type { ErrorReason } from "./errors.ts";

const MICROPHONE =
  'The page that embeds the call widget does not let it use the microphone; add allow="microphone; autoplay; clipboard-write" to the iframe and check the page\'s Permissions-Policy.';

const ADVICE: { readonly [R in ErrorReason]?: string } = {
  by_page: MICROPHONE,
  blocked: `The microphone was refused without a question, by an earlier answer or by the page. ${MICROPHONE}`,
  insecure: "The page is not secure: browsers give the microphone to pages by HTTPS alone.",
  no_webrtc: "This browser has no WebRTC, or it is switched off.",
  no_devices: "This browser gives no access to microphones (no navigator.mediaDevices).",
};

export function advise(reason: ErrorReason, warn: (sentence: string) => void): void {
  const advice = ADVICE[reason];
  if (advice !== undefined) {
    warn(advice);
  }
}
