/** Edits that are not saved yet, kept in this browser so that a reload loses nothing. */

export interface Draft<V> {
  readonly values: V;
  /** What the edit began with. */
  readonly base: V;
  readonly at: string;
}

const PREFIX = "bellpush-studio-draft:";
const OWNER = "bellpush-studio-drafts-of";

export function readDraft<V>(key: string): Draft<V> | null {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? null : (JSON.parse(text) as Draft<V>);
  } catch {
    return null;
  }
}

export function keepDraft<V>(key: string, values: V, base: V): void {
  try {
    const draft: Draft<V> = { values, base, at: new Date().toISOString() };
    localStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // Without storage an edit lives as long as its page.
  }
}

export function dropDraft(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was kept.
  }
}

/** Whose edits are kept here: those of somebody else go. */
export function keepDraftsOf(person: string): void {
  try {
    const owner = localStorage.getItem(OWNER);
    if (owner !== null && owner !== person) dropAllDrafts();
    localStorage.setItem(OWNER, person);
  } catch {
    // Nothing is kept.
  }
}

/** For signing out: nobody's edits stay behind on a shared machine. */
export function dropAllDrafts(): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    }
  } catch {
    // Nothing was kept.
  }
}
