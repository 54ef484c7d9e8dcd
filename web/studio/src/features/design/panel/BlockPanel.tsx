/** What there is to say of the block that is chosen. */

import type { design } from "@bellpush/protocol";
import { Divider, NumberInput, Select, Stack, Switch, Text, TextInput, Title } from "@mantine/core";

import { t } from "../../../texts/index.ts";
import { type Block, blockOf } from "../core/document.ts";
import { inAll } from "../core/kinds.ts";
import { setBlock } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import { FieldsEdit } from "../fields/FieldsEdit.tsx";
import { QuestionsEdit } from "../fields/QuestionsEdit.tsx";
import { kindName } from "../names.ts";
import { ConditionEdit } from "./ConditionEdit.tsx";
import { EffectEdit } from "./EffectEdit.tsx";
import { RichEdit } from "./RichEdit.tsx";
import { TextEdit } from "./TextEdit.tsx";

export function BlockPanel({ selected }: { readonly selected: string | null }) {
  const { document } = useEditing();
  const block = selected === null ? null : blockOf(document, selected);
  if (block === null) {
    return (
      <Text size="sm" c="dimmed">
        {t.design.panel.nothing}
      </Text>
    );
  }
  return (
    <Stack gap="md" key={block.id}>
      <Title order={2} size="h3">
        {kindName(block.type)}
      </Title>
      <BlockFields block={block} />
      <Divider />
      <ConditionEdit block={block} />
    </Stack>
  );
}

interface BlockProps {
  readonly block: Block;
}

export function BlockFields({ block }: BlockProps) {
  const { edit, seal } = useEditing();
  const words = t.design.panel.fields;
  const set = (change: object, run?: string) =>
    edit((present) => setBlock(present, block.id, change), run);
  /** Words of the block, which may be the widget's own. */
  const text = (
    name: string,
    value: design.Text | null | undefined,
    label: string,
    own?: design.TextKey,
  ) => <TextEdit block={block.id} path={[name]} value={value} label={label} own={own} />;
  const rich = (name: string, value: Readonly<Record<string, readonly design.Span[]>>) => (
    <RichEdit block={block.id} path={[name]} value={value} label={words.text} />
  );
  const choice = (
    name: string,
    value: string,
    label: string,
    of: Readonly<Record<string, string>>,
  ) => (
    <Select
      label={label}
      allowDeselect={false}
      data={Object.entries(of).map(([value, label]) => ({ value, label }))}
      value={value}
      onChange={(chosen) => set({ [name]: chosen })}
    />
  );
  const line = (name: string, value: string, label: string, description: string, most?: number) => (
    <TextInput
      label={label}
      description={description}
      maxLength={most}
      value={value}
      onChange={(event) => set({ [name]: event.currentTarget.value }, `${name} ${block.id}`)}
      onBlur={seal}
    />
  );
  switch (block.type) {
    case "heading":
      return text("text", block.text, words.text);
    case "paragraph":
      return block.rich != null ? rich("rich", block.rich) : text("text", block.text, words.text);
    case "image":
      return (
        <>
          {line("src", block.src, words.src, words.srcHint)}
          {text("alt", block.alt, words.alt)}
          <NumberInput
            label={words.width}
            min={16}
            max={640}
            clampBehavior="blur"
            value={block.width ?? ""}
            onChange={(width) => {
              const pixels = Number(width);
              const isGood = pixels >= 16 && pixels <= 640;
              if (width === "" || isGood) set({ width: width === "" ? null : pixels });
            }}
          />
        </>
      );
    case "divider":
      return null;
    case "spacer":
      return choice("size", block.size, words.size, t.design.panel.sizes);
    case "call":
      return (
        <>
          {text("label", block.label, words.label, "idle.call")}
          {text("hint", block.hint, words.hint, "idle.hint")}
        </>
      );
    case "form":
      return (
        <>
          {text("title", block.title, words.title, "form.title")}
          <FieldsEdit block={block} fields={block.fields} />
        </>
      );
    case "consent":
      return (
        <>
          {rich("text", block.text)}
          {choice("mode", block.mode, words.mode, t.design.panel.modes)}
          {line("version", block.version, words.version, words.versionHint, 64)}
        </>
      );
    case "survey":
      return (
        <>
          {choice("style", block.style, words.style, t.design.panel.styles)}
          <QuestionsEdit block={block} />
          <Comment block={block} onChange={set} />
        </>
      );
    case "button":
      return (
        <>
          {text("label", block.label, words.label)}
          <EffectEdit
            key={block.effect.action}
            effect={block.effect}
            onChange={(effect, run) => set({ effect }, run)}
            onSeal={seal}
          />
        </>
      );
    case "hours":
      return text("text", block.text, words.text, "closed.text");
    case "callback":
      return (
        <>
          {text("title", block.title, words.title, "callback.title")}
          {text("text", block.text, words.text, "callback.text")}
          {choice("contact", block.contact, words.contact, t.design.panel.contacts)}
          <Switch
            label={words.askTime}
            checked={block.askTime}
            onChange={(event) => set({ askTime: event.currentTarget.checked })}
          />
          <FieldsEdit block={block} fields={block.fields ?? []} />
        </>
      );
  }
}

function Comment({
  block,
  onChange,
}: {
  readonly block: Block & { readonly type: "survey" };
  readonly onChange: (change: object) => void;
}) {
  const { document } = useEditing();
  const words = t.design.panel.fields;
  return (
    <>
      <Switch
        label={words.comment}
        checked={block.comment != null}
        onChange={({ currentTarget: { checked } }) =>
          onChange({
            comment: checked ? { label: inAll(document.languages, words.commentLabel) } : null,
          })
        }
      />
      {block.comment != null && (
        <TextEdit
          block={block.id}
          path={["comment", "label"]}
          value={block.comment.label}
          label={words.commentLabel}
        />
      )}
    </>
  );
}
