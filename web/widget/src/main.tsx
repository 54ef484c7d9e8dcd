/** Entry: reads the configuration that the server wrote into the document, and wires the widget. */

import type { WidgetConfig } from "@bellpush/protocol";
import { render } from "preact";
import { App } from "./App.tsx";
import { createClock } from "./clock.ts";
import { type Audience, createEvents } from "./events.ts";
import { loadTexts } from "./i18n/index.ts";
import { microphoneAllowedByPage } from "./microphone.ts";
import { createOutbox } from "./outbox.ts";
import { connectParent, embeddingOrigin, type Wish } from "./parent.ts";
import { Refused } from "./screens/Refused.tsx";
import { createSession } from "./session.ts";
import type { CallState } from "./state.ts";
import "./styles/tokens.css";
import "./styles/widget.css";
import "./styles/calling.css";
import "./styles/survey.css";
import { createIds } from "./uuid.ts";
import { createWidget, MICROPHONE_ADVICE } from "./widget.ts";

const later = (ms: number, run: () => void) => void setTimeout(run, ms);
const warn = (sentence: string) => console.warn(`Bellpush: ${sentence}`);

async function start(root: HTMLElement, config: WidgetConfig): Promise<void> {
  const t = await loadTexts(config.language);
  document.documentElement.lang = t.language;
  document.documentElement.dir = t.direction;
  document.documentElement.dataset.theme = config.theme;

  const surroundings = {
    ancestors: "ancestorOrigins" in location ? [...location.ancestorOrigins] : [],
    referrer: document.referrer,
    address: location.href,
  };
  const origin = embeddingOrigin(surroundings, config.allowedOrigins);
  if (origin === null || window.parent === window) {
    warn("The widget is not shown, since this page is not among its allowed origins.");
    render(<Refused t={t} />, root);
    return;
  }
  if (microphoneAllowedByPage() === false) {
    warn(MICROPHONE_ADVICE);
  }

  const clock = createClock(Date.now);
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation instanceof PerformanceNavigationTiming) {
    const { requestStart, responseStart } = navigation;
    const asked = performance.timeOrigin + requestStart;
    clock.learn(config.serverTime, asked, performance.timeOrigin + responseStart);
  }

  const send: typeof fetch = (...request) => fetch(...request);
  const session = createSession({
    config,
    origin,
    clock,
    later,
    fetch: send,
    localNow: Date.now,
    onHours: (hours) => widget.learnHours(hours),
    solve: async (challenge) => (await import("./proof/index.ts")).solve(challenge),
  });
  const outbox = createOutbox({ session, later, warn, fetch: send, random: Math.random });
  const parent = connectParent(window, origin, (wish) => obey(wish));
  const audiences: Audience[] = [parent.tell];
  const events = createEvents({
    context: config.context,
    preview: config.preview,
    newId: createIds(clock.now, (bytes) => crypto.getRandomValues(bytes)),
    timestamp: clock.iso,
    audiences,
    submit: outbox.add,
  });

  const draw = (state: CallState) =>
    render(
      <App
        state={state}
        config={config}
        t={t}
        actions={widget.actions}
        now={clock.now}
        opensAt={widget.opensAt}
      />,
      root,
    );
  const widget = createWidget({ config, session, events, clock, later, warn, render: draw });

  if (config.codeUrl !== null) {
    const source = `${config.codeUrl}?${new URLSearchParams({ origin })}`;
    const tell: Audience = (event) => {
      sandbox.then((code) => code.tell(event)).catch(() => undefined);
    };
    const sandbox = import("./sandbox/host.ts").then(({ createSandbox }) =>
      createSandbox(window, {
        source,
        now: Date.now,
        warn,
        onEmit: ({ name, data }) => {
          events.emitCustom(name, data, { ...widget.about(), except: tell });
        },
      }),
    );
    audiences.push(tell);
  }

  function obey(wish: Wish): void {
    switch (wish.command) {
      case "call":
        widget.callFromPage();
        break;
      case "hangup":
        widget.actions.hangUp();
        break;
      case "open":
        root.querySelector("h1")?.focus();
        widget.actions.warmUp();
        break;
      case "close":
        // The panel is the page's own matter; a live call goes on.
        break;
      case "mute":
        widget.actions.setMuted(wish.muted);
        break;
      case "theme":
        document.documentElement.dataset.theme = wish.theme;
        break;
    }
  }

  addEventListener("pagehide", () => {
    widget.leave();
    outbox.flush();
  });
  draw(widget.state());
  events.emit("widget_loaded", { isPreview: config.preview });
}

const root = document.getElementById("bellpush");
const config = document.getElementById("bellpush-config");
if (root !== null && config !== null) {
  void start(root, JSON.parse(config.textContent ?? ""));
}
