/** The website that embeds the widget: another origin than the server's, as in real life. */

import { createServer } from "node:http";

export interface Host {
  readonly origin: string;
  /** What the page shows at `/`; may be changed before each navigation. */
  html: string;
  /** What other paths show; `/` is for all that have nothing of their own. */
  readonly pages: Record<string, string>;
  /** Sent with every page, such as a policy. */
  headers: Record<string, string>;
  readonly stop: () => void;
}

/** Starts it at an address of this machine; who listens at all of them is named as the server is. */
export async function startHost(listen = "127.0.0.1"): Promise<Host> {
  const host: Host & { origin: string } = {
    origin: "",
    html: "",
    pages: {},
    headers: {},
    stop: () => server.close(),
  };
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "/";
    const type = path.endsWith(".js") ? "text/javascript" : "text/html";
    response
      .writeHead(200, { "content-type": `${type}; charset=utf-8`, ...host.headers })
      .end(host.pages[path] ?? host.html);
  });
  await new Promise<void>((resolve) => server.listen(0, listen, resolve));
  const bound = server.address();
  const name = listen === "0.0.0.0" ? "localhost" : listen;
  host.origin = `http://${name}:${typeof bound === "object" && bound ? bound.port : 0}`;
  return host;
}

/** A page that embeds the widget and keeps the messages it gets, with their origins. */
export function embeddingPage(widgetUrl: string): string {
  return `<!doctype html><html lang="en"><head><title>Shop</title></head><body>
    <script>
      window.messages = [];
      window.addEventListener("message", (event) => {
        window.messages.push({ origin: event.origin, data: event.data });
        // Chromium keeps nothing for the frame of another site in private windows: the page does.
        const { handover, event: told } = event.data;
        if (handover !== undefined) sessionStorage.setItem("handover", handover ?? "");
        const kept = sessionStorage.getItem("handover");
        if (told?.name === "widget_loaded" && kept) {
          event.source.postMessage(
            { source: "bellpush", version: 1, command: "resume", handover: kept }, event.origin);
        }
      });
    </script>
    <iframe id="widget" title="Call us" allow="microphone; autoplay; clipboard-write"
      width="380" height="620" src="${widgetUrl.replaceAll("&", "&amp;")}"></iframe>
  </body></html>`;
}
