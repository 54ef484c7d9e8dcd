/** Entry: reads the configuration that the server wrote into the document, and wires the widget. */

import type { Context, WidgetConfig } from "@bellpush/protocol";
import { render } from "preact";
import { App } from "./App.tsx";
import type { Scope } from "./attempts.ts";
import { readHandover } from "./call/handover.ts";
import { createClock } from "./clock.ts";
import type { DesignExtras } from "./design/extras.tsx";
import type { ExtrasPorts } from "./design/ports.ts";
import { blocksOf, type Scene, type Shown } from "./design/scene.ts";
import { type Audience, createEvents } from "./events.ts";
import { chooseLanguage, loadTexts } from "./i18n/index.ts";
import { advise, loadNeeded, loadPart } from "./load.ts";
import { attempt, keepInTab, takeFromTab } from "./memory.ts";
import { microphoneAllowedByPage } from "./microphone.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { connectParent, embeddingOrigin, type Wish } from "./parent.ts";
import type { Parts } from "./parts.ts";
import { Refused } from "./screens/Refused.tsx";
import { createSession, refreshed, type SessionPorts } from "./session.ts";
import { type CallState, callIdOf, describe } from "./state.ts";
import "./styles/tokens.css";
import "./styles/widget.css";
import { hideTokens } from "./tokens.ts";
import { createIds } from "./uuid.ts";
import { createWidget } from "./widget.ts";

const later = (ms: number, run: () => void) => void setTimeout(run, ms);
const now = () => performance.now();
const warn = (sentence: string) => console.warn(`Bellpush: ${sentence}`);
const send: typeof fetch = (...request) => fetch(...request);

async function start(root: HTMLElement, config: WidgetConfig): Promise<void> {
  if (hideTokens(!!(config.session || config.previewToken), window)) {
    return;
  }
  let shown: Shown = config;
  let language = chooseLanguage(config.language, navigator.languages, config.defaultLanguage);
  const surroundings = {
    ancestors: "ancestorOrigins" in location ? [...location.ancestorOrigins] : [],
    referrer: document.referrer,
    address: location.href,
  };
  const origin = embeddingOrigin(surroundings, config.allowedOrigins);
  const extrasPorts: ExtrasPorts = {
    designer: config.preview ? origin : null,
    shown: () => shown,
    replace(next) {
      shown = next;
      draw(widget.state());
    },
    draw: () => draw(widget.state()),
    scope: () => widget.scope(),
    callId: () => callIdOf(widget.state()),
    fetch: send,
    warn,
  };
  let extras: DesignExtras | null = null;
  /** Once, if that could not be loaded: a call without it is better than none. */
  let asksAgain = config.extras;
  const loadExtras = () =>
    loadPart(() => import("./design/extras.tsx"))
      .then(({ createExtras }) => createExtras(extrasPorts, language))
      .then(
        (made) => {
          extras = made;
        },
        () => undefined,
      );
  // What is not in every design is there before its first screen, or the screen would jump.
  const [texts] = await Promise.all([loadTexts(language), config.extras && loadExtras()]);
  let t = texts;
  speak();
  document.documentElement.dataset.theme = config.theme;

  if (origin === null || window.parent === window) {
    warn("The widget is not shown, since this page is not among its allowed origins.");
    render(<Refused t={t} />, root);
    return;
  }
  if (microphoneAllowedByPage() === false) {
    advise("by_page", warn);
  }

  const clock = createClock(Date.now, now, () => {
    // A visitor who has no session yet gets the server's time with it.
    const { session } = widget.page();
    const token = session.current();
    void (token && session.renew(token));
    return token !== null;
  });
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation instanceof PerformanceNavigationTiming) {
    const { requestStart, responseStart } = navigation;
    const asked = performance.timeOrigin + requestStart;
    clock.learn(config.serverTime, asked, performance.timeOrigin + responseStart);
  }

  const parent = connectParent(window, origin, (wish) => obey(wish), later);
  const audiences: Audience[] = [parent.tell];
  const outboxes: Outbox[] = [];
  const newId = createIds(clock.now, (bytes) => crypto.getRandomValues(bytes));
  const sessionPorts: Omit<SessionPorts, "isNeeded" | "onHours"> = {
    config,
    origin,
    clock,
    later,
    fetch: send,
    localNow: Date.now,
    solve: async (challenge) => (await import("./proof/index.ts")).solve(challenge),
  };

  function scope(context: Context, more: Partial<SessionPorts> = {}): Scope {
    const own = { ...config, context };
    const session = createSession({
      ...sessionPorts,
      config: own,
      isNeeded: () => [widget.page(), widget.scope()].some((used) => used.session === session),
      onHours(hours) {
        // Another session may have a profile with hours of its own.
        if (widget.page().session === session) {
          widget.learnHours(hours);
        }
      },
      ...more,
    });
    const designVersion = () => shown.designVersion;
    const outbox = createOutbox({
      session,
      later,
      warn,
      designVersion,
      fetch: send,
      random: Math.random,
    });
    outboxes.push(outbox);
    const events = createEvents({
      context,
      preview: config.preview,
      newId,
      timestamp: clock.iso,
      audiences,
      submit: outbox.add,
    });
    return { session, events };
  }

  /** Has the document speak the present language. */
  function speak(): void {
    document.documentElement.lang = t.language;
    document.documentElement.dir = t.direction;
  }

  let parts: Parts | null = null;
  let loading: Promise<Parts> | null = null;
  function loadParts(): Promise<Parts> {
    loading ??= loadNeeded(() => import("./parts.ts")).then(
      (loaded) => {
        parts = loaded;
        loaded.guardClicks(root);
        loaded.keepFocus(root);
        widget.connectTabs((ports) => loaded.createTabs(channel, ports));
        draw(widget.state());
        return loaded;
      },
      (error: unknown) => {
        loading = null;
        throw error;
      },
    );
    return loading;
  }

  function sceneOf(state: CallState): Scene & { readonly later: Parts | null } {
    return {
      state,
      shown,
      t: extras?.say(t, language) ?? t,
      language,
      context,
      open: state.name !== "closed" && widget.isOpen(),
      opensAt: widget.opensAt(),
      actions: widget.actions,
      now,
      epoch: clock.now,
      extras,
      later: parts,
    };
  }

  const draw = (state: CallState) =>
    render(<App scene={sceneOf(extras?.display(state) ?? state)} />, root);
  let { context } = config;
  const page = scope(context);
  const key = `bellpush-call-${config.appId}`;
  const channel = attempt(() => new BroadcastChannel(key));
  // Some browsers keep nothing for a frame of another site: the page may.
  const keep = keepInTab(key, parent.keep);
  const widget = createWidget({
    config,
    page,
    scopeOf: (adopted) => scope(adopted.context, { adopted }),
    scopeOfContext(patch) {
      if (config.session !== null) {
        return null;
      }
      const entries = Object.entries({ ...context, ...patch });
      context = Object.fromEntries(
        entries.filter((entry): entry is [string, string] => entry[1] !== null),
      );
      draw(widget.state());
      return scope(context);
    },
    async scopeOfToken(token) {
      const given = await refreshed(send, token);
      return given === null ? null : scope(given.context, { adopted: given });
    },
    ask: parent.ask,
    clock,
    now,
    later,
    warn,
    render: draw,
    show: parent.show,
    loadParts,
    collect() {
      if (extras === null && asksAgain) {
        // There may be something to fill in. If that can't be had, the call begins without it.
        asksAgain = false;
        void loadExtras().then(() => (extras ? extrasPorts.draw() : widget.actions.tap()));
        return null;
      }
      return extras === null ? {} : extras.collect(sceneOf(widget.state()));
    },
    mend: (failure) => extras?.mend(failure) ?? false,
    hasSurvey: () =>
      blocksOf(sceneOf({ name: "survey", callId: null, seconds: 0 })).some(
        ({ type }) => type === "survey",
      ),
    keep(handover) {
      keep(handover === null ? null : JSON.stringify(handover));
    },
  });

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
        onEmit: ({ name, data }) => widget.emitCustom(name, data, tell),
      }),
    );
    audiences.push(tell);
  }

  /** Only where the page has put the focus into this frame: what it has given to another element stays there. */
  function focusTitle(): void {
    root.querySelector("h1")?.focus();
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
        if (document.hasFocus()) {
          focusTitle();
        } else {
          addEventListener("focus", focusTitle, { once: true });
        }
        widget.actions.warmUp();
        break;
      case "close":
        // The panel is the page's own matter; a live call goes on.
        removeEventListener("focus", focusTitle);
        widget.close();
        break;
      case "mute":
        widget.actions.setMuted(wish.muted);
        break;
      case "context":
        widget.changeContext(wish.patch);
        break;
      case "language":
        language = wish.language;
        void Promise.all([loadTexts(language), extras?.learn(language)]).then(([texts]) => {
          if (language === wish.language) {
            t = texts;
            speak();
            draw(widget.state());
          }
        });
        break;
      case "resume":
        resume(wish.handover);
        break;
      case "theme":
        document.documentElement.dataset.theme = wish.theme;
        break;
    }
  }

  let left = false;
  addEventListener("pagehide", () => {
    left = widget.state().name === "calling";
    widget.leave();
    for (const outbox of outboxes) {
      outbox.flush();
    }
  });
  addEventListener("pageshow", ({ persisted }) => {
    // What came back is a page whose call went on to another one.
    if (persisted && left) {
      location.reload();
    } else if (persisted) {
      widget.comeBack();
      resume(takeFromTab(key));
    }
  });
  addEventListener("online", widget.online);
  addEventListener("keydown", ({ key, defaultPrevented, isComposing }) => {
    if (key === "Escape" && !defaultPrevented && !isComposing) {
      parent.close();
    }
  });
  draw(widget.state());
  page.events.emit("widget_loaded", { isPreview: config.preview });
  parent.show(describe(widget.state(), now()));
  loadParts().catch(() => undefined);

  resume(takeFromTab(key));

  function resume(text: unknown): void {
    const handover = readHandover(text);
    if (handover !== null) {
      widget.resume(handover);
    }
  }
}

const root = document.getElementById("bellpush");
const config = document.getElementById("bellpush-config");
if (root !== null && config !== null) {
  void start(root, JSON.parse(config.textContent ?? ""));
}
