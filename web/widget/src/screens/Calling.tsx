/** A call being made, or live: its phase, its time, and what the visitor can do in it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { Quality } from "../call/live.ts";
import type { Texts } from "../i18n/index.ts";
import type { Calling as CallingState, Warning } from "../state.ts";
import css from "../styles/calling.css?inline";
import { adopt } from "../ui/adopt.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Lazy } from "../ui/Lazy.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";
import { clockTime, spokenTime } from "../ui/time.ts";
import { useDigits } from "./digits.ts";

adopt(css);

const QUALITY_EVERY_MS = 1000;

export interface CallingProps {
  readonly state: CallingState;
  readonly t: Texts;
  readonly actions: Actions;
  readonly now: () => number;
}

type Panel = "keypad" | "devices" | null;

export function Calling({ state, t, actions, now }: CallingProps) {
  const [panel, setPanel] = useState<Panel>(null);
  const { phase, leaving, muted, listening } = state;
  const asks = phase === "requesting";
  const live = state.connectedAt !== null && !leaving;
  // An announcement before the answer may want keys.
  const keys = state.callId !== null && !leaving && phase !== "connecting";
  const [sent, press] = useDigits(keys, actions);
  const toggle = (one: Panel) => setPanel(panel === one ? null : one);
  const shown = leaving || asks || (panel === "keypad" && !keys) ? null : panel;

  return (
    <Screen name={`calling bp-phase-${leaving ? "leaving" : phase}`} title={titleOf(state, t)}>
      <div class="bp-facts">
        {state.connectedAt !== null && <Timer since={state.connectedAt} t={t} now={now} />}
        {live && <Signal t={t} actions={actions} />}
      </div>
      <div class="bp-middle">
        {shown === null && <Voice live={live && !muted && !listening} actions={actions} />}
        {shown === "keypad" && (
          <Lazy
            load={() => import("./Keypad.tsx")}
            render={({ Keypad }) => <Keypad sent={sent} t={t} onPress={press} />}
          />
        )}
        {shown === "devices" && (
          <Lazy
            load={() => import("./DeviceMenu.tsx")}
            render={({ DeviceMenu }) => <DeviceMenu t={t} actions={actions} />}
          />
        )}
        {state.notice && (
          <Lazy
            load={() => import("./FarNotice.tsx")}
            render={({ FarNotice }) => <FarNotice state={state} t={t} />}
          />
        )}
        <Notices state={state} t={t} actions={actions} />
      </div>
      <div class="bp-controls">
        {!asks && (
          <>
            {!listening && (
              <Control
                icon={muted ? "muted" : "microphone"}
                label={muted ? t.calling.unmute : t.calling.mute}
                pressed={muted}
                disabled={leaving}
                onClick={() => actions.setMuted(!muted)}
              />
            )}
            <Control
              icon="keypad"
              label={t.calling.keypad}
              pressed={shown === "keypad"}
              disabled={!keys}
              onClick={() => toggle("keypad")}
            />
            <Control
              icon="sliders"
              label={t.calling.audio}
              pressed={shown === "devices"}
              disabled={leaving || state.callId === null}
              onClick={() => toggle("devices")}
            />
          </>
        )}
        <Control
          // Another thing than Cancel: a press that was meant for that one must not hit it.
          key={asks ? "cancel" : "hangUp"}
          icon="hangUp"
          label={asks ? t.calling.cancel : t.calling.hangUp}
          disabled={leaving}
          danger
          onClick={actions.hangUp}
        />
      </div>
    </Screen>
  );
}

/** What is going on, in few words. */
export function titleOf({ phase, leaving, held }: CallingState, t: Texts): string {
  if (leaving) {
    return t.calling.leaving;
  }
  return held && phase === "connected" ? t.calling.held : t.phases[phase];
}

/** The most important first; one who is mute knows it, unless he talks. */
const URGENCY: readonly Warning[] = [
  "microphone_lost",
  "talking_muted",
  "nothing_heard",
  "microphone_silent",
  "network_weak",
];

function Notices({ state, t, actions }: Omit<CallingProps, "now">) {
  const { phase, muted, listening, soundBlocked, warnings, leaving } = state;
  if (leaving) {
    return null;
  }
  const warning = URGENCY.find((one) => warnings.includes(one));
  return (
    <div class="bp-notices">
      {phase === "requesting" && <Text as="p" class="bp-text" text={t.calling.allow} />}
      {soundBlocked && (
        <button type="button" class="bp-button bp-primary" onClick={actions.play}>
          <Icon name="speaker" />
          <Text text={t.calling.hear} />
        </button>
      )}
      {listening && <Text as="p" class="bp-notice" text={t.calling.listening} />}
      {muted && !listening && <Text as="p" class="bp-notice" text={t.calling.muted} />}
      {warning !== undefined && (
        <Text as="p" class="bp-notice bp-warning" text={t.warnings[warning]} />
      )}
    </div>
  );
}

interface ControlProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  readonly onClick: () => void;
}

function Control({ icon, label, pressed, disabled, danger, onClick }: ControlProps) {
  return (
    <button
      type="button"
      class={`bp-control${danger ? " bp-danger" : ""}${pressed ? " bp-on" : ""}`}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <span class="bp-disc">
        <Icon name={icon} />
      </span>
      <Text text={label} />
    </button>
  );
}

/** The emblem of a call; its halo is the level meter of the microphone. */
function Voice({ live, actions }: { readonly live: boolean; readonly actions: Actions }) {
  const halo = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!live) {
      halo.current?.style.setProperty("--level", "0");
      return;
    }
    let shown = 0;
    let frame = requestAnimationFrame(function draw() {
      // Up at once, down slowly, as meters do.
      shown = Math.max(actions.level(), shown * 0.92);
      halo.current?.style.setProperty("--level", shown.toFixed(3));
      frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, [live, actions]);
  return (
    <div ref={halo} class="bp-emblem bp-tone-accent bp-voice">
      <Icon name="phone" />
    </div>
  );
}

interface TimerProps {
  readonly since: number;
  readonly t: Texts;
  readonly now: () => number;
}

function Timer({ since, t, now }: TimerProps) {
  const seconds = () => (now() - since) / 1000;
  const [shown, setShown] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setShown(seconds), 250);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <span
      class="bp-timer"
      role="timer"
      aria-label={`${t.calling.duration}: ${spokenTime(shown, t)}`}
    >
      <Text text={clockTime(shown)} />
    </span>
  );
}

function Signal({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  const [quality, setQuality] = useState<Quality | null>(null);
  useEffect(() => {
    const timer = setInterval(() => setQuality(actions.quality()), QUALITY_EVERY_MS);
    return () => clearInterval(timer);
  }, [actions]);
  if (quality === null) {
    return null;
  }
  return (
    <span class={`bp-signal bp-signal-${quality}`}>
      <svg viewBox="0 0 20 16" aria-hidden="true">
        <path d="M2 16v-4M7.3 16V8.500M12.7 16V5M18 16V1" />
      </svg>
      <Text text={t.quality[quality]} />
    </span>
  );
}
