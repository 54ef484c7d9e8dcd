/**
 * Who is signed in, as far as the answers of the server say. The proof is a cookie that scripts never
 * see; the browser sends it by itself.
 */

import { useSyncExternalStore } from "react";

/** `expired`: signed in before, and not any more; what is open stays open. */
export type SignIn = "unknown" | "signed-out" | "signed-in" | "expired";

/** A store of one value that components follow. */
function store<T>(initial: T) {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next: T) => {
      value = next;
      for (const tell of listeners) tell();
    },
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const signIn = store<SignIn>("unknown");

export const useSignIn = () => useSyncExternalStore(signIn.subscribe, signIn.get);

export const signedIn = () => signIn.set("signed-in");
export const signedOut = () => signIn.set("signed-out");

/** An answer said that nobody is signed in. */
export function refused(): void {
  const present = signIn.get();
  signIn.set(present === "signed-in" || present === "expired" ? "expired" : "signed-out");
}

/** The question who sits there, while it is open: it is answered by whether that was proved. */
const question = store<((isProved: boolean) => void) | null>(null);

export const useStepUp = () => useSyncExternalStore(question.subscribe, question.get);

/** Asks the person to prove again who sits there. */
export async function askForProof(): Promise<boolean> {
  return new Promise((resolve) => {
    question.get()?.(false);
    question.set((isProved) => {
      question.set(null);
      resolve(isProved);
    });
  });
}
