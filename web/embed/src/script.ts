/** Which script of the page the loader is. */

/** A script of the page with what it says about itself. */
export interface OwnScript {
  readonly address: URL;
  readonly data: DOMStringMap;
}

/**
 * The loader's scripts: the one that runs, if the browser says which; else (modules, shadow trees,
 * scripts made anew by tag managers) all at the address that the loader finds in the trace of an error
 * of its own.
 */
export function ownScripts(current: HTMLScriptElement | null, stack: string): OwnScript[] {
  const [, own = ""] = /(https?:\S+?)(:\d+)+\)?$/m.exec(stack) ?? [];
  const scripts = current?.src
    ? [current]
    : [...document.scripts].filter(({ src }) => src && src.split("?")[0] === own.split("?")[0]);
  if (own && !scripts[0]) {
    return [{ address: new URL(own), data: {} }];
  }
  return scripts.map(({ src, dataset }) => ({ address: new URL(src), data: dataset }));
}
