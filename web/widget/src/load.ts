/**
 * Loads a part of the widget. What could not be loaded once, some browsers never ask for again by its
 * address (HTML's module map): it is asked for by another one then.
 */
export function loadPart<T>(load: () => Promise<T>): Promise<T> {
  return load().catch((error: unknown) => {
    // Only the browser knows the address, and tells it in the error's sentence.
    const [address] = /https?:\S+/.exec(String(error)) ?? [];
    if (address === undefined) {
      throw error;
    }
    return import(/* @vite-ignore */ `${address}?${Date.now()}`);
  });
}
