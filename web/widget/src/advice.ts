/** What is said to the developer of the embedding page, in the console. */

import { MICROPHONE_ADVICE } from "./microphone.ts";

/** By the reason of a refusal, or else by its code. */
export const ADVICE: Readonly<Record<string, string>> = {
  by_page: MICROPHONE_ADVICE,
  blocked: `The microphone was refused without a question, by an earlier answer or by the page. ${MICROPHONE_ADVICE}`,
  insecure: "The page is not secure: browsers give the microphone to pages by HTTPS alone.",
  no_webrtc: "This browser has no WebRTC, or it is switched off.",
  no_devices: "This browser gives no access to microphones (no navigator.mediaDevices).",
};
