/** The canvas with what stands around it: states, examples, size, colours, language. */

import type { design, Picked } from "@bellpush/protocol";
import { ActionIcon, Group, SegmentedControl, Select, Text, Tooltip } from "@mantine/core";
import {
  IconDeviceDesktop,
  IconDeviceMobile,
  IconMoon,
  IconPlayerPlay,
  IconPlayerStop,
  IconSun,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";

import { t } from "../../../texts/index.ts";
import type { Scheme } from "../core/colors.ts";
import { type Block, blocksIn, isRecord, STATES } from "../core/document.ts";
import { getIn, ownWords, type TextAt, textsOf, withOverride, withWords } from "../core/texts.ts";
import area from "../designer.module.css";
import { useEditing } from "../editing.ts";
import { languageName } from "../panel/languages.ts";
import type { DesignSearch } from "../search.ts";
import { Canvas } from "./Canvas.tsx";
import classes from "./canvas.module.css";
import { InPlace } from "./InPlace.tsx";
import { examplesOf, playedCall, type SceneChoice } from "./scenes.ts";

interface CanvasAreaProps {
  readonly scene: SceneChoice;
  readonly scheme: Scheme;
  readonly size: "phone" | "desktop";
  readonly onWords: (words: Readonly<Record<string, string>>) => void;
  readonly onPicked: (picked: Picked) => void;
}

/** How long each scene of a played call is shown. */
const SCENE_MS = 1_800;

export function CanvasArea({ scene, scheme, size, onWords, onPicked }: CanvasAreaProps) {
  const { appId, document, language, state, go, undo, redo } = useEditing();
  const [picked, setPicked] = useState<Picked | null>(null);
  const words = t.design.canvas;
  const examples = examplesOf(state);
  const player = usePlayer(blocksIn(document, "survey").length > 0, go);
  // What was tapped stands elsewhere when something else is shown.
  // biome-ignore lint/correctness/useExhaustiveDependencies: closed by each of these
  useEffect(() => setPicked(null), [scene, language, size]);
  return (
    <section className={area.canvas} aria-label={words.label}>
      <fieldset className={area.strip} aria-label={t.design.stateStrip}>
        {STATES.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={one === state}
            onClick={() => {
              player.stop();
              go({ state: one, example: undefined, block: undefined });
            }}
          >
            {t.design.states[one]}
          </button>
        ))}
      </fieldset>
      <div className={classes.tools}>
        <Group gap="xs">
          <Tooltip label={player.isPlaying ? t.design.examples.stop : t.design.examples.play}>
            <ActionIcon
              variant="default"
              size={30}
              aria-label={player.isPlaying ? t.design.examples.stop : t.design.examples.play}
              onClick={player.isPlaying ? player.stop : player.play}
            >
              {player.isPlaying ? <IconPlayerStop size={15} /> : <IconPlayerPlay size={15} />}
            </ActionIcon>
          </Tooltip>
          {examples.length > 1 && (
            <Select
              size="xs"
              w={170}
              aria-label={t.design.examples.label}
              allowDeselect={false}
              data={examples.map(({ id, label }) => ({ value: id, label }))}
              value={scene.id}
              onChange={(id) => go({ example: id ?? undefined })}
            />
          )}
          {document.languages.length > 1 && (
            <Select
              size="xs"
              w={130}
              aria-label={words.language}
              allowDeselect={false}
              data={document.languages.map((value) => ({ value, label: languageName(value) }))}
              value={language}
              onChange={(value) => value !== null && go({ language: value })}
            />
          )}
        </Group>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label={words.scheme}
            value={scheme}
            onChange={(value) => go({ scheme: value === "dark" ? "dark" : undefined })}
            data={[
              { value: "light", label: <Icon label={words.light} icon={IconSun} /> },
              { value: "dark", label: <Icon label={words.dark} icon={IconMoon} /> },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label={words.size}
            value={size}
            onChange={(value) => go({ size: value === "desktop" ? "desktop" : undefined })}
            data={[
              { value: "phone", label: <Icon label={words.phone} icon={IconDeviceMobile} /> },
              { value: "desktop", label: <Icon label={words.desktop} icon={IconDeviceDesktop} /> },
            ]}
          />
        </Group>
      </div>
      <Canvas
        appId={appId}
        size={size}
        shown={{ document, scene, language, scheme }}
        onWords={onWords}
        onHistory={(step) => (step === "undo" ? undo() : redo())}
        onPick={(next) => {
          setPicked(next);
          onPicked(next);
        }}
      >
        {picked?.path != null && (
          <Writing picked={picked} onClose={() => setPicked(null)} key={JSON.stringify(picked)} />
        )}
      </Canvas>
      <Text size="sm" c="dimmed" className={classes.hint}>
        {words.hint}
      </Text>
    </section>
  );
}

function Icon({ label, icon: Sign }: { readonly label: string; readonly icon: typeof IconSun }) {
  return (
    <>
      <Sign size={15} stroke={1.7} style={{ display: "block" }} aria-hidden />
      <span className="visually-hidden">{label}</span>
    </>
  );
}

/** Plays a call on the canvas, scene after scene. */
function usePlayer(hasSurvey: boolean, go: (change: Partial<DesignSearch>) => void) {
  const [at, setAt] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one scene after the other
  useEffect(() => {
    if (at === null) return;
    const scenes = playedCall(hasSurvey);
    const scene = scenes[at];
    if (scene === undefined) {
      setAt(null);
      return;
    }
    go({ state: scene.state, example: scene.id, block: undefined });
    const timer = setTimeout(() => setAt(at + 1), SCENE_MS);
    return () => clearTimeout(timer);
  }, [at]);
  return { isPlaying: at !== null, play: () => setAt(0), stop: () => setAt(null) };
}

/** The field over what was tapped, with the document's text behind it. */
function Writing({ picked, onClose }: { readonly picked: Picked; readonly onClose: () => void }) {
  const { document, language, words, edit, seal } = useEditing();
  const [typed, setTyped] = useState<string | null>(null);
  const block = blocksIn(document, picked.state)[picked.block];
  const path = picked.path ?? [];
  const text = block === undefined ? null : textAt(block, path);
  if (text === null) return null;
  const key = typeof text.value === "string" ? (text.value as design.TextKey) : null;
  const value = typed ?? (key === null ? (ownWords(text, language) ?? "") : (words[key] ?? ""));
  return (
    <InPlace
      picked={picked}
      language={language}
      value={value}
      onClose={() => {
        seal();
        onClose();
      }}
      onChange={(next) => {
        setTyped(next);
        edit(
          (present) =>
            key === null
              ? withWords(present, text, language, next)
              : withOverride(present, language, key, next),
          `in place ${text.block} ${path.join(" ")} ${language}`,
        );
      }}
    />
  );
}

function textAt(block: Block, path: readonly (string | number)[]): TextAt | null {
  const known = textsOf(block).find((one) => one.path.join(" ") === path.join(" "));
  const value = known && getIn(block, path);
  return known !== undefined && (isRecord(value) || typeof value === "string") ? known : null;
}
