/** What there is to say of the block that is chosen. */

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
  const options = <K extends string>(of: Readonly<Record<K, string>>) =>
    (Object.entries(of) as [K, string][]).map(([value, label]) => ({ value, label }));
  switch (block.type) {
    case "heading":
      return <TextEdit block={block.id} path={["text"]} value={block.text} label={words.text} />;
    case "paragraph":
      return block.rich != null ? (
        <RichEdit block={block.id} path={["rich"]} value={block.rich} label={words.text} />
      ) : (
        <TextEdit block={block.id} path={["text"]} value={block.text} label={words.text} />
      );
    case "image":
      return (
        <>
          <TextInput
            label={words.src}
            description={words.srcHint}
            value={block.src}
            onChange={(event) => set({ src: event.currentTarget.value }, `src ${block.id}`)}
            onBlur={seal}
          />
          <TextEdit block={block.id} path={["alt"]} value={block.alt} label={words.alt} />
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
      return (
        <Select
          label={words.size}
          allowDeselect={false}
          data={options(t.design.panel.sizes)}
          value={block.size}
          onChange={(size) => set({ size })}
        />
      );
    case "call":
      return (
        <>
          <TextEdit
            block={block.id}
            path={["label"]}
            value={block.label}
            label={words.label}
            own="idle.call"
          />
          <TextEdit
            block={block.id}
            path={["hint"]}
            value={block.hint}
            label={words.hint}
            own="idle.hint"
          />
        </>
      );
    case "form":
      return (
        <>
          <TextEdit
            block={block.id}
            path={["title"]}
            value={block.title}
            label={words.title}
            own="form.title"
          />
          <FieldsEdit block={block} fields={block.fields} />
        </>
      );
    case "consent":
      return (
        <>
          <RichEdit block={block.id} path={["text"]} value={block.text} label={words.text} />
          <Select
            label={words.mode}
            allowDeselect={false}
            data={options(t.design.panel.modes)}
            value={block.mode}
            onChange={(mode) => set({ mode })}
          />
          <TextInput
            label={words.version}
            description={words.versionHint}
            maxLength={64}
            value={block.version}
            onChange={(event) => set({ version: event.currentTarget.value }, `version ${block.id}`)}
            onBlur={seal}
          />
        </>
      );
    case "survey":
      return (
        <>
          <Select
            label={words.style}
            allowDeselect={false}
            data={options(t.design.panel.styles)}
            value={block.style}
            onChange={(style) => set({ style })}
          />
          <QuestionsEdit block={block} />
          <Comment block={block} onChange={set} />
        </>
      );
    case "button":
      return (
        <>
          <TextEdit block={block.id} path={["label"]} value={block.label} label={words.label} />
          <EffectEdit
            key={block.effect.action}
            effect={block.effect}
            onChange={(effect, run) => set({ effect }, run)}
            onSeal={seal}
          />
        </>
      );
    case "hours":
      return (
        <TextEdit
          block={block.id}
          path={["text"]}
          value={block.text}
          label={words.text}
          own="closed.text"
        />
      );
    case "callback":
      return (
        <>
          <TextEdit
            block={block.id}
            path={["title"]}
            value={block.title}
            label={words.title}
            own="callback.title"
          />
          <TextEdit
            block={block.id}
            path={["text"]}
            value={block.text}
            label={words.text}
            own="callback.text"
          />
          <Select
            label={words.contact}
            allowDeselect={false}
            data={options(t.design.panel.contacts)}
            value={block.contact}
            onChange={(contact) => set({ contact })}
          />
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
