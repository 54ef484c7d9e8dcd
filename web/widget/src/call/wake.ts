/** Keeps the screen on during a call, where the browser does that; a screen that goes dark costs no call. */

export interface Wake {
  hold(): void;
  release(): void;
}

export function keepAwake(): Wake {
  let wanted = false;
  let lock: WakeLockSentinel | null = null;

  async function ask(): Promise<void> {
    try {
      if (wanted && lock === null && document.visibilityState === "visible") {
        const given = await navigator.wakeLock.request("screen");
        lock = given;
        // The browser takes it back whenever the page is hidden.
        given.addEventListener("release", () => {
          lock = lock === given ? null : lock;
        });
        if (!wanted) {
          void given.release();
        }
      }
    } catch {
      // Not there, not allowed, or the battery is low.
    }
  }

  function onVisible(): void {
    void ask();
  }

  return {
    hold() {
      if (!wanted) {
        wanted = true;
        document.addEventListener("visibilitychange", onVisible);
        void ask();
      }
    },
    release() {
      wanted = false;
      document.removeEventListener("visibilitychange", onVisible);
      lock?.release().catch(() => undefined);
    },
  };
}
