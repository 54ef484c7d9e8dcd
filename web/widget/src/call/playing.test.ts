import { describe, expect, it } from "vitest";
import { createTime } from "../testing/time.ts";
import { keepPlaying } from "./playing.ts";

/** An element that can be paused, and loudspeakers that come and go. */
function setUp(refuses = false) {
  const time = createTime();
  const world = { kinds: ["audiooutput"], begun: 0 };
  const audio = Object.assign(new EventTarget(), {
    paused: false,
    srcObject: {},
    setSinkId: () => undefined,
    async play() {
      world.begun += 1;
      if (refuses) {
        throw new DOMException("no", "NotAllowedError");
      }
      audio.paused = false;
    },
  });
  const media = { enumerateDevices: async () => world.kinds.map((kind) => ({ kind })) };
  const stop = keepPlaying({
    audio: audio as unknown as HTMLAudioElement,
    media: media as unknown as MediaDevices,
    later: time.later,
  });
  function pause(): void {
    audio.paused = true;
    audio.dispatchEvent(new Event("pause"));
  }
  return { world, audio, stop, pause, pass: time.pass };
}

describe("what plays the far side", () => {
  it("goes on when it was paused", async () => {
    const { audio, pause, pass } = setUp();
    pause();
    await pass(1000);
    expect(audio.paused).toBe(false);
    pause();
    await pass(1000);
    expect(audio.paused).toBe(false);
  });

  it("waits for a loudspeaker", async () => {
    const { world, audio, pause, pass } = setUp();
    world.kinds = ["audioinput"];
    pause();
    await pass(1000);
    await pass(1000);
    expect(world.begun).toBe(0);
    world.kinds = ["audioinput", "audiooutput"];
    await pass(1000);
    expect(audio.paused).toBe(false);
  });

  it("is asked again where the browser refuses, and no more after the call", async () => {
    const { world, stop, pause, pass } = setUp(true);
    pause();
    await pass(1000);
    await pass(1000);
    expect(world.begun).toBe(2);
    stop();
    await pass(5000);
    expect(world.begun).toBe(2);
  });
});
