/** A call being made, or live: its phase, its time, and what the visitor can do in it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { Quality } from "../call/quality.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Screen } from "../ui/Screen.tsx";
import { clockTime, spokenTime } from "../ui/time.ts";
import { Keypad, useDigits } from "./Keypad.tsx";

const QUALITY_EVERY_MS = 2000;

export interface CallingProps {
  readonly state: CallState & { name: "calling" };
  readonly t: Texts;
  readonly actions: Actions;
  readonly now: () => number;
}

export function Calling({ state, t, actions, now }: CallingProps) {
  const [muted, setMuted] = useState(false);
  const [keypad, setKeypad] = useState(false);
  const live = state.connectedAt !== null && !state.leaving;
  const [sent, press] = useDigits(live, actions);

  return (
    <Screen
      name={`calling bp-phase-${state.leaving ? "leaving" : state.phase}`}
      title={state.leaving ? t.calling.leaving : t.phases[state.phase]}
      emblem={
        keypad && live ? (
          <Keypad sent={sent} t={t} onPress={press} />
        ) : (
          <Voice live={live && !muted} actions={actions} />
        )
      }
    >
      <div class="bp-facts">
        {state.phase === "requesting" && <p class="bp-text">{t.calling.allow}</p>}
        {state.connectedAt !== null && <Timer since={state.connectedAt} t={t} now={now} />}
        {live && !muted && <Signal t={t} actions={actions} />}
        {live && muted && <span class="bp-signal">{t.calling.muted}</span>}
      </div>
      {state.phase !== "requesting" && (
        <div class="bp-controls">
          <Control
            icon={muted ? "muted" : "microphone"}
            label={muted ? t.calling.unmute : t.calling.mute}
            pressed={muted}
            disabled={state.leaving}
            onClick={() => {
              actions.setMuted(!muted);
              setMuted(!muted);
            }}
          />
          <Control
            icon="hangUp"
            label={t.calling.hangUp}
            disabled={state.leaving}
            danger
            onClick={actions.hangUp}
          />
          <Control
            icon="keypad"
            label={keypad ? t.calling.hideKeypad : t.calling.keypad}
            pressed={keypad}
            disabled={!live}
            onClick={() => setKeypad(!keypad)}
          />
        </div>
      )}
    </Screen>
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
      disabled={disabled}
      onClick={onClick}
    >
      <span class="bp-disc">
        <Icon name={icon} />
      </span>
      {label}
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
      {clockTime(shown)}
    </span>
  );
}

function Signal({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  const [quality, setQuality] = useState<Quality | null>(null);
  useEffect(() => {
    const timer = setInterval(() => void actions.quality().then(setQuality), QUALITY_EVERY_MS);
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
      {t.quality[quality]}
    </span>
  );
}
