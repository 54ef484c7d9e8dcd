/** The page must not suffer from us: what goes wrong is said in the console, and nothing is thrown. */

export function guard(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    complain(error);
  }
}

export function complain(what: unknown): void {
  console.error("Bellpush:", what);
}

/** Runs with a document that is read: now, or as soon as it is. */
export function whenReady(run: () => void): void {
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => guard(run));
  } else {
    guard(run);
  }
}

type More = () => Promise<typeof import("./more.ts")>;

/** Loads what few need. The loader has it beside itself, the package within. */
export let more: More;

export function setMore(load: More): void {
  more = load;
}
