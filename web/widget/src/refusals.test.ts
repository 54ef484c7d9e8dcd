import { describe, expect, it } from "vitest";
import { canCall } from "./microphone.ts";
import { refusalOfMicrophone, unsupported } from "./refusals.ts";

const ASKED = { allowedByPage: true, tookMs: 3000 };

describe("a refused microphone", () => {
  it.each([
    ["NotAllowedError", "microphone_denied"],
    ["SecurityError", "microphone_denied"],
    ["NotFoundError", "microphone_unavailable"],
    ["NotReadableError", "microphone_unavailable"],
    ["AbortError", "microphone_unavailable"],
    ["OverconstrainedError", "microphone_unavailable"],
  ])("by %s is %s", (name, code) => {
    const refusal = refusalOfMicrophone(new DOMException("", name), ASKED);
    expect(refusal).toEqual({ code, reason: null });
  });

  it.each([
    ["by_page", "Permission denied", { allowedByPage: false, tookMs: 3000 }],
    ["by_page", "Permission denied", { allowedByPage: false, tookMs: 1 }],
    ["by_system", "Permission denied by system", { allowedByPage: true, tookMs: 1 }],
    ["blocked", "not allowed in the current context", { allowedByPage: null, tookMs: 3 }],
    [null, "not allowed in the current context", { allowedByPage: null, tookMs: 2000 }],
    [null, "Permission dismissed", ASKED],
  ] as const)("is told apart: %s", (reason, message, facts) => {
    const error = new DOMException(message, "NotAllowedError");
    expect(refusalOfMicrophone(error, facts)).toEqual({ code: "microphone_denied", reason });
  });
});

describe("a browser", () => {
  const GOOD = {
    secure: true,
    webRtc: true,
    devices: true,
    userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0.0.0 Safari/537.36",
  };
  const INSTAGRAM = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) AppleWebKit/605 Instagram 361.0";

  it.each([
    [{}, true, null],
    [{ devices: false }, true, "no_devices"],
    [{ devices: false }, false, null],
    [{ webRtc: false }, false, "no_webrtc"],
    [{ webRtc: false, devices: false }, true, "no_webrtc"],
    [{ secure: false, devices: false }, true, "insecure"],
    [{ devices: false, userAgent: INSTAGRAM }, true, "in_app"],
    [{ userAgent: INSTAGRAM }, true, null],
    [
      { webRtc: false, userAgent: "Mozilla/5.0 (Linux; Android 15; wv) Chrome/141" },
      true,
      "in_app",
    ],
  ] as const)("with %j (microphone needed: %s) is refused as %s", (facts, needed, reason) => {
    const browser = { ...GOOD, ...facts };
    expect(canCall(browser, needed)).toBe(reason === null);
    if (reason !== null) {
      expect(unsupported(browser)).toEqual({ code: "browser_unsupported", reason });
    }
  });
});
