/** Simulated time for tests: timers that run when the test says so. */

export interface Time {
  now(): number;
  later(ms: number, run: () => void): void;
  /** Lets time pass; what is due runs in order, with all promises settled between. */
  pass(ms: number): Promise<void>;
}

export function createTime(start = 1_790_000_000_000): Time {
  let now = start;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    later: (ms, run) => void timers.push({ at: now + ms, run }),
    async pass(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) {
          break;
        }
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.run();
        await settle();
      }
      now = end;
    },
  };
}

/** Waits until promises that depend on nothing outside are settled. */
export function settle(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

/** A promise that the test resolves. */
export function held<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
