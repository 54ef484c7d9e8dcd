/**
 * Keeps the keyboard's place: when what had the focus is taken out, or can't be used any more, browsers
 * give the focus to nobody, and a visitor without a pointer starts again from the top of the page. The
 * heading gets it then, as soon as there is one.
 */
export function keepFocus(root: HTMLElement): void {
  /** Whether the focus was somewhere in here last, and has not been taken away by a pointer. */
  let inside = root.contains(document.activeElement);
  root.addEventListener("focusin", () => {
    inside = true;
  });
  document.addEventListener("pointerdown", () => {
    inside = false;
  });
  new MutationObserver(() => {
    const holder = document.activeElement;
    const lost = holder === null || holder === document.body || holder.matches(":disabled");
    // Never taken from the page around.
    if (inside && lost && document.hasFocus()) {
      root.querySelector("h1")?.focus();
    }
  }).observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
}
