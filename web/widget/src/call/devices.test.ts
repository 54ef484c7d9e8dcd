// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createVoice } from "../microphone.ts";
import { createTime, settle } from "../testing/time.ts";
import { createDevices } from "./devices.ts";

/** A stream of one track, as a device gives it. */
function streamOf(deviceId: string): MediaStream {
  const track = Object.assign(new EventTarget(), {
    enabled: true,
    label: deviceId,
    getSettings: () => ({ deviceId }),
    stop: () => undefined,
  });
  return { getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream;
}

const asked = vi.fn(async ({ audio }: { audio: { deviceId?: { exact?: string } } }) =>
  streamOf(audio.deviceId?.exact ?? "default"),
);

beforeEach(() => {
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: asked } });
});

afterEach(() => {
  asked.mockClear();
  localStorage.clear();
  vi.unstubAllGlobals();
});

/** The devices of a call in which the visitor says nothing so far. */
async function setUp() {
  const time = createTime();
  const told: string[] = [];
  let listening = true;
  const voice = createVoice();
  voice.use(streamOf("silence"));
  voice.onTrack((track) => told.push(`hears ${track?.label}`));
  const devices = createDevices({
    voice,
    audio: new EventTarget() as HTMLAudioElement,
    media: Object.assign(new EventTarget(), {
      enumerateDevices: async () =>
        ["desk", "headset"].map((id) => ({ kind: "audioinput", deviceId: id, label: id })),
    }) as unknown as MediaDevices,
    later: time.later,
    isListening: () => listening,
    onMicrophone() {
      listening = false;
      told.push("microphone");
    },
    onMicrophoneLost: () => undefined,
  });
  await settle();
  return { devices, told };
}

describe("a visitor who listens without a microphone", () => {
  it("is told of one that is chosen, before it is heard", async () => {
    const { devices, told } = await setUp();
    expect(await devices.choose("microphone", "desk")).toBe(true);
    expect(told).toEqual(["microphone", "hears desk"]);
  });

  it("is given none just because one is remembered", async () => {
    localStorage.setItem("bellpush-microphone", JSON.stringify({ id: "desk", label: "desk" }));
    const { told } = await setUp();
    expect(asked).not.toHaveBeenCalled();
    expect(told).toEqual([]);
  });
});
