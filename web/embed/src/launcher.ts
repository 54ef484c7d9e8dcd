/**
 * The floating button and its panel, in a shadow root so that page and button keep their styles apart.
 *
 * They hang on the root element, in the top layer: what replaces, moves, transforms or covers the body
 * does not reach them, and a call in the panel goes on.
 */

import type { MountOptions } from "./options.ts";

const PHONE = "M4 4h6l3 7-4 3a16 16 0 0 0 6 6l3-4 7 3v6A21 21 0 0 1 4 4Z";
const CROSS = "m6 4 8 8 8-8 2 2-8 8 8 8-2 2-8-8-8 8-2-2 8-8-8-8Z";

export interface Launcher {
  readonly host: HTMLElement;
  /** Where the iframe belongs. */
  readonly panel: HTMLElement;
  readonly button: HTMLElement;
  /** Shows panel and button as they are now. */
  draw(open: boolean): void;
}

/** `onInterest`: the visitor shows interest in the button. */
export function createLauncher(
  options: MountOptions,
  onInterest: () => void,
  onToggle: () => void,
): Launcher {
  const { position, offset, label, icon = PHONE, zIndex, launcher } = options;
  const host = document.createElement("bellpush-button");
  const root = host.attachShadow({ mode: "open" });
  const panel = document.createElement("div");
  const button = document.createElement("button");
  const picture = document.createElement("i");
  const end = document.dir === "rtl" ? "bottom-left" : "bottom-right";
  const [edge, side] = (position ?? end).split("-");
  const [across, down = across] = `${offset ?? (innerWidth < 500 ? 10 : 20)}`.split(",");
  // The icon is cut out of a border: where colours are forced, that has the colour of the button's text.
  // A constructed sheet passes the page's CSP, which an inline one may not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
button{background:light-dark(#0b7367,#4fd6c3);box-shadow:0 4px 20px #0003;height:60px;border-radius:30px;cursor:pointer;border:1px solid #0000;display:flex;font:600 16px system-ui;padding:0 15px;gap:10px;align-items:center;color:light-dark(#fff,#04231f)}
i{border:14px solid}
div{position:absolute;box-shadow:0 4px 40px #0003;height:min(600px,100dvh - ${down}px - 92px - var(--k));overflow:hidden;width:min(380px,100vw - 2*${across}px);${side}:0;${edge}:76px;border-radius:20px;background:light-dark(#fbfcfc,#121618)}
@media(max-height:500px){div{${edge}:calc(8px - ${down}px);${side}:76px;width:min(380px,100vw - 96px);height:calc(100dvh - 16px - var(--k))}}
.off{visibility:hidden}`);
  root.adoptedStyleSheets = [sheet];
  // The page's own rules for its elements end here.
  host.style.cssText = `all:initial!important;position:fixed!important;${edge}:calc(${down}px + env(safe-area-inset-${edge}) + var(--k))!important;${side}:calc(${across}px + env(safe-area-inset-${side}))!important;z-index:${zIndex ?? 1e9}!important;--k:0px`;
  // In the top layer nothing of the page can be its container. An order of the page's own rules it out.
  host.popover = zIndex ? null : "manual";
  panel.role = "dialog";
  button.onpointerenter = button.onfocus = onInterest;
  button.onclick = onToggle;
  button.append(picture, label ?? "");
  root.append(button, panel);
  return {
    host,
    panel,
    button,
    draw(open) {
      panel.className = open ? "" : "off";
      button.className = `${launcher}` === "false" && !open ? "off" : "";
      button.ariaExpanded = `${open}`;
      picture.style.cssText =
        open || !icon.includes("/")
          ? `clip-path:path("${open ? CROSS : icon}")`
          : `border:0;padding:14px;background:center/contain no-repeat url("${icon}")`;
    },
  };
}
