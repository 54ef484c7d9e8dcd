/** What a page can choose, each choice shown where it holds in a small picture of the page. */

import { Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconPhone } from "@tabler/icons-react";
import { useState } from "react";

import { t } from "../../../texts/index.ts";
import classes from "./embed.module.css";
import { type EmbedOptions, optionsOf, POSITIONS, type SnippetKind, THEMES } from "./snippets.ts";

interface OptionsProps {
  readonly kind: SnippetKind;
  readonly keys: readonly string[];
  readonly widgetKey: string;
  readonly onKey: (key: string | null) => void;
  readonly context: string;
  readonly onContext: (context: string) => void;
  readonly options: EmbedOptions;
  readonly onOptions: (options: EmbedOptions) => void;
}

export function Options(props: OptionsProps) {
  const { kind, options, onOptions, keys } = props;
  const words = t.apps.embed;
  const [lit, setLit] = useState<keyof EmbedOptions | null>(null);
  const has = optionsOf(kind);
  const choose = (patch: EmbedOptions) => onOptions({ ...options, ...patch });
  const lights = (name: keyof EmbedOptions) => ({
    onFocus: () => setLit(name),
    onBlur: () => setLit(null),
    onMouseEnter: () => setLit(name),
    onMouseLeave: () => setLit(null),
  });
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <Stack>
        <Select
          label={words.key}
          data={keys}
          value={props.widgetKey}
          onChange={props.onKey}
          allowDeselect={false}
          classNames={{ input: "mono" }}
        />
        <Textarea
          label={words.context}
          description={words.contextHint}
          placeholder={"orderId=A-12345"}
          autosize
          minRows={2}
          value={props.context}
          onChange={(event) => props.onContext(event.currentTarget.value)}
        />
        {has.includes("position") && (
          <Group grow align="flex-start">
            <Select
              label={words.position}
              placeholder={words.byItself}
              data={POSITIONS.map((value) => ({ value, label: words.positions[value] }))}
              value={options.position ?? null}
              onChange={(position) =>
                choose({ position: POSITIONS.find((one) => one === position) })
              }
              clearable
              {...lights("position")}
            />
            <TextInput
              label={words.label}
              placeholder={words.labelNone}
              value={options.label ?? ""}
              onChange={(event) => choose({ label: event.currentTarget.value })}
              {...lights("label")}
            />
          </Group>
        )}
        {has.includes("theme") && (
          <Group grow align="flex-start">
            <Select
              label={words.theme}
              placeholder={words.byItself}
              data={THEMES.map((value) => ({ value, label: words.themes[value] }))}
              value={options.theme ?? null}
              onChange={(theme) => choose({ theme: THEMES.find((one) => one === theme) })}
              clearable
              {...lights("theme")}
            />
            <TextInput
              label={words.lang}
              placeholder={words.byItself}
              value={options.lang ?? ""}
              onChange={(event) => choose({ lang: event.currentTarget.value })}
              {...lights("lang")}
            />
          </Group>
        )}
      </Stack>
      {has.length > 0 && <Picture kind={kind} options={options} lit={lit} />}
    </SimpleGrid>
  );
}

interface PictureProps {
  readonly kind: SnippetKind;
  readonly options: EmbedOptions;
  readonly lit: keyof EmbedOptions | null;
}

/** A page in small, with the widget where it will be. */
function Picture({ kind, options, lit }: PictureProps) {
  const words = t.apps.embed;
  const floats = optionsOf(kind).includes("position");
  const position = options.position ?? "bottom-right";
  const label = options.label?.trim();
  return (
    <figure className={classes.figure}>
      <div className={classes.page} aria-hidden>
        <div className={classes.bar} />
        <div className={classes.lines} />
        <div
          className={classes.panel}
          data-position={floats ? position : "within"}
          data-theme={options.theme}
          data-lit={lit === "theme" || lit === "lang" || undefined}
        >
          <span className={classes.panelText} lang={options.lang || undefined}>
            {options.lang?.trim() || words.pictureLanguage}
          </span>
          <span className={classes.dial} />
        </div>
        {floats && (
          <div
            className={classes.launcher}
            data-position={position}
            data-lit={lit === "position" || lit === "label" || undefined}
          >
            <IconPhone size={14} />
            {label !== undefined && label !== "" && (
              <span className={classes.launcherText}>{label}</span>
            )}
          </div>
        )}
      </div>
      <Text component="figcaption" size="xs" c="dimmed" mt={6}>
        {words.picture}
      </Text>
    </figure>
  );
}
