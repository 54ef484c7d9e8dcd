/** What the browser keeps for us. It may keep nothing at all: every access can throw. */

/** A device as it is remembered: ids change with the site's data, labels stay. */
export interface RememberedDevice {
  readonly id: string;
  readonly label: string;
}

export type DeviceKind = "microphone" | "speaker";

export function remembered(kind: DeviceKind): RememberedDevice | null {
  const { id, label } = (read(() => localStorage, `bellpush-${kind}`) ?? {}) as {
    readonly [key: string]: unknown;
  };
  return typeof id === "string" && typeof label === "string" ? { id, label } : null;
}

export function remember(kind: DeviceKind, device: RememberedDevice): void {
  write(() => localStorage, `bellpush-${kind}`, device);
}

/** Reads a value of this tab and takes it away: it is good for one reader. */
export function takeFromTab(key: string): unknown {
  const value = read(() => sessionStorage, key);
  attempt(() => sessionStorage.removeItem(key));
  return value;
}

function leaveInTab(key: string, value: unknown): void {
  write(() => sessionStorage, key, value);
}

/**
 * Leaves a value in this tab whenever it is another one than before, and tells of it. Who has none leaves alone what
 * other frames of the page have there.
 */
export function keepInTab<T>(
  key: string,
  onKept: (value: T | null) => void,
): (value: T | null) => void {
  let kept: T | null = null;
  return (value) => {
    if (value !== kept) {
      kept = value;
      leaveInTab(key, value);
      onKept(value);
    }
  };
}

function read(storage: () => Storage, key: string): unknown {
  return attempt(() => JSON.parse(storage().getItem(key) ?? "null"));
}

function write(storage: () => Storage, key: string, value: unknown): void {
  attempt(() => storage().setItem(key, JSON.stringify(value)));
}

/** What comes of it; null where it throws. */
export function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
