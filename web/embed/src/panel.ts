/** The floating button and its panel, in a shadow root so that page and button keep their styles apart. */

const STYLE = `
:host{all:initial;color-scheme:light dark;--a:light-dark(#0b7367,#4fd6c3);--b:light-dark(#fff,#04231f);--c:light-dark(#fbfcfc,#121618)}
:host([data-theme=light]){color-scheme:light}
:host([data-theme=dark]){color-scheme:dark}
button{position:fixed;z-index:2147483000;inset-block-end:20px;inset-inline-end:20px;inline-size:60px;block-size:60px;padding:0;border:0;border-radius:50%;background:var(--a);color:var(--b);box-shadow:0 2px 6px #0003,0 8px 24px #0003;cursor:pointer}
button:hover{filter:brightness(1.1)}
button:focus-visible{outline:3px solid var(--a);outline-offset:3px}
svg{inline-size:28px;block-size:28px;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round;vertical-align:middle}
div{position:fixed;z-index:2147483000;inset-block-end:96px;inset-inline-end:20px;inline-size:min(380px,100vw - 40px);block-size:min(600px,100vh - 120px);border-radius:20px;overflow:hidden;background:var(--c);box-shadow:0 2px 8px #0002,0 16px 48px #0004;transition:opacity .16s,translate .16s,visibility .16s}
div[hidden]{display:block;visibility:hidden;opacity:0;translate:0 8px}
iframe{display:block;inline-size:100%;block-size:100%;border:0}
@media (max-width:480px){div{inset-inline:10px;inset-block-end:88px;inline-size:auto;block-size:min(600px,100vh - 98px)}button{inset-block-end:14px;inset-inline-end:14px}}
@media (prefers-reduced-motion:reduce){div{transition:none}}
`;
const PHONE =
  "M6.6 3.5h2.1c.5 0 .9.3 1 .8l.8 3.1c.1.4 0 .8-.3 1L8.4 10a12 12 0 0 0 5.6 5.6l1.6-1.8c.3-.3.7-.4 1-.3l3.1.8c.5.1.8.5.8 1v2.1c0 1.7-1.4 3-3.1 2.9C9.9 19.7 4.3 14.1 3.7 6.6c-.1-1.7 1.2-3.1 2.9-3.1Z";
const CROSS = "M6 6l12 12M18 6 6 18";

export interface Panel {
  /** Where the iframe belongs. */
  readonly place: HTMLElement;
  show(open: boolean): void;
  destroy(): void;
}

export interface PanelPorts {
  readonly theme: string;
  /** The visitor shows interest in the button. */
  readonly onInterest: () => void;
  readonly onToggle: () => void;
}

export function createPanel({ theme, onInterest, onToggle }: PanelPorts): Panel {
  const host = document.createElement("bellpush-button");
  host.dataset.theme = theme;
  const root = host.attachShadow({ mode: "closed" });
  // A constructed sheet passes the page's CSP, which an inline one may not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const place = document.createElement("div");
  place.id = "panel";
  place.hidden = true;
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-controls", place.id);
  const path = icon(button);
  button.addEventListener("pointerenter", onInterest);
  button.addEventListener("focus", onInterest);
  button.addEventListener("touchstart", onInterest, { passive: true });
  button.addEventListener("click", onToggle);

  function show(open: boolean): void {
    place.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", open ? "Close call panel" : "Open call panel");
    path.setAttribute("d", open ? CROSS : PHONE);
  }

  show(false);
  root.append(place, button);
  document.body.append(host);
  return { place, show, destroy: () => host.remove() };
}

function icon(button: HTMLElement): SVGPathElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  svg.append(path);
  button.append(svg);
  return path;
}
