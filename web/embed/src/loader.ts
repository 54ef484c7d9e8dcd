/** `embed.js`: mounts what its own script tag asks for, and leaves `window.Bellpush` for more. */

import { complain, guard, type Handle, mount, whenReady } from "./index.ts";
import { type MountOptions, readScript } from "./options.ts";

export interface BellpushGlobal {
  mount(element: Element | null, options: MountOptions): Handle;
}

declare global {
  interface Window {
    Bellpush?: BellpushGlobal;
  }
}

// Known only while the script runs for the first time.
const script = document.currentScript;

guard(() => {
  if (!(script instanceof HTMLScriptElement)) {
    return;
  }
  const host = new URL(script.src).origin;
  window.Bellpush ??= { mount: (element, options) => mount(element, { host, ...options }) };
  const asked = readScript(script);
  if (asked === null) {
    return;
  }
  const { options, mount: selector } = asked;
  if (selector === null) {
    mount(null, options);
    return;
  }
  whenReady(() => {
    const element = document.querySelector(selector);
    if (element === null) {
      complain(`no element matches data-mount="${selector}"`);
    } else {
      mount(element, options);
    }
  });
});
