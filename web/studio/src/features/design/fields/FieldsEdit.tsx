/** The fields of a form: what each is called, what it takes, and who uses it. */

import type { design } from "@bellpush/protocol";
import {
  Accordion,
  ActionIcon,
  Alert,
  Button,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { useWritten } from "../../../ui/useWritten.ts";
import { type Block, isRecord, plain } from "../core/document.ts";
import { fieldNames, freeField, inAll, newField } from "../core/kinds.ts";
import { removeField, setBlock } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import { TextEdit } from "../panel/TextEdit.tsx";
import { useFieldKeys } from "./fieldKeys.ts";
import { optionsOf, textOfOptions } from "./options.ts";
import { useFieldUses } from "./useFieldUses.ts";
import { usesInWords } from "./uses.ts";

type FieldBlock = Block & { readonly type: "form" | "callback" };

interface FieldsEditProps {
  readonly block: FieldBlock;
  readonly fields: readonly design.Field[];
}

export function FieldsEdit({ block, fields }: FieldsEditProps) {
  const { appId, document, language, words: own, edit } = useEditing();
  const uses = useFieldUses(appId);
  const keys = useFieldKeys(fields);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  const words = t.design.fields;
  const write = (next: readonly design.Field[], run?: string) =>
    edit((present) => setBlock(present, block.id, { fields: next }), run);
  const said = (text: design.Text) =>
    isRecord(text) ? String(text[language] ?? "") : (own[text as string] ?? String(text));
  const move = (index: number, to: number) => {
    const next = [...fields];
    next.splice(to, 0, ...next.splice(index, 1));
    write(next);
  };
  const usersOf = (field: design.Field) => (block.type === "form" ? uses.known([field]) : []);
  const remove = async (field: design.Field) => {
    setRefused(null);
    setRemoving(field.name);
    try {
      const users = usersOf(field) ?? (await uses.find([field]));
      if (users.length === 0) edit((present) => removeField(present, block.id, field.name));
      else setRefused({ title: words.usedTitle, why: usesInWords(users) });
    } catch (error) {
      setRefused({ title: words.notRemoved, why: words.usesFailed(asProblem(error).message) });
    } finally {
      setRemoving(null);
    }
  };
  const taken =
    block.type === "form" ? fieldNames(document) : new Set(fields.map(({ name }) => name));
  return (
    <section aria-label={words.title}>
      <Text fw={600} mb="xs">
        {words.title}
      </Text>
      {refused !== null && (
        <Alert
          color="red"
          title={refused.title}
          mb="sm"
          role="alert"
          withCloseButton
          closeButtonLabel={t.ui.close}
          onClose={() => setRefused(null)}
        >
          {refused.why}
        </Alert>
      )}
      <Accordion variant="separated" chevronPosition="left" order={3}>
        {fields.map((field, index) => {
          const name = said(field.label) || field.name;
          return (
            <Accordion.Item key={keys[index]} value={keys[index] ?? ""}>
              <Group gap={0} wrap="nowrap">
                <Accordion.Control>
                  <span className="foreign">{name}</span>
                </Accordion.Control>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={index === 0}
                  aria-label={words.up(name)}
                  onClick={() => move(index, index - 1)}
                >
                  <IconArrowUp size={15} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={index === fields.length - 1}
                  aria-label={words.down(name)}
                  onClick={() => move(index, index + 1)}
                >
                  <IconArrowDown size={15} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t.ui.removeWhat(name)}
                  loading={removing === field.name}
                  onClick={() => void remove(field)}
                >
                  <IconTrash size={15} />
                </ActionIcon>
              </Group>
              <Accordion.Panel>
                <OneField
                  block={block}
                  index={index}
                  field={field}
                  taken={taken}
                  users={usersOf(field)}
                  onChange={(next, run) =>
                    write(
                      fields.map((one, at) => (at === index ? next : one)),
                      run,
                    )
                  }
                />
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
      <Button
        variant="default"
        mt="sm"
        size="compact-md"
        leftSection={<IconPlus size={15} />}
        disabled={fields.length >= MAX_FIELDS}
        onClick={() => {
          const label = inAll(document.languages, t.design.fresh.fieldLabel);
          write([...fields, newField(freeField("field", taken), label)]);
        }}
      >
        {words.add}
      </Button>
    </section>
  );
}

/** Why a field was not removed. */
interface Refused {
  readonly title: string;
  readonly why: string;
}

const MAX_FIELDS = 20;
const MAX_CHARS = 2_000;

interface OneFieldProps {
  readonly block: FieldBlock;
  readonly index: number;
  readonly field: design.Field;
  readonly taken: ReadonlySet<string>;
  readonly users: readonly string[] | null;
  readonly onChange: (field: design.Field, run?: string) => void;
}

function OneField({ block, index, field, taken, users, onChange }: OneFieldProps) {
  const { language, seal } = useEditing();
  const words = t.design.fields;
  const set = (change: Partial<design.Field>, run?: string) =>
    onChange(plain({ ...field, ...change }) as design.Field, run);
  const isWritten = field.kind !== "select" && field.kind !== "checkbox";
  const length = (value: string | number, least: number) => {
    const count = Number(value);
    return value === "" || count < least || count > MAX_CHARS ? null : Math.floor(count);
  };
  return (
    <Stack gap="sm">
      <FieldName field={field} taken={taken} users={users} onChange={set} />
      <TextEdit
        block={block.id}
        path={["fields", index, "label"]}
        value={field.label}
        label={words.label}
      />
      <TextEdit
        block={block.id}
        path={["fields", index, "hint"]}
        value={field.hint}
        label={words.hint}
      />
      <Select
        label={words.kind}
        allowDeselect={false}
        data={Object.entries(words.kinds).map(([value, label]) => ({ value, label }))}
        value={field.kind}
        onChange={(kind) => onChange(ofKind(field, kind as design.FieldKind))}
      />
      <Switch
        label={words.required}
        checked={field.required}
        onChange={(event) => set({ required: event.currentTarget.checked })}
      />
      {field.kind === "select" && <Options key={language} field={field} onChange={set} />}
      {isWritten && (
        <Group grow align="flex-start">
          <NumberInput
            label={words.minLength}
            min={0}
            max={field.maxLength ?? MAX_CHARS}
            value={field.minLength ?? ""}
            onChange={(value) => set({ minLength: length(value, 0) })}
          />
          <NumberInput
            label={words.maxLength}
            min={Math.max(1, field.minLength ?? 1)}
            max={MAX_CHARS}
            value={field.maxLength ?? ""}
            onChange={(value) => set({ maxLength: length(value, 1) })}
          />
        </Group>
      )}
      {field.kind === "text" && (
        <TextInput
          label={words.pattern}
          description={words.patternHint}
          classNames={{ input: "mono" }}
          maxLength={300}
          value={field.pattern ?? ""}
          onChange={(event) =>
            set({ pattern: event.currentTarget.value || null }, `pattern ${field.name}`)
          }
          onBlur={seal}
        />
      )}
    </Stack>
  );
}

/** A field of another kind, without what that kind does not have. */
function ofKind(field: design.Field, kind: design.FieldKind): design.Field {
  const { options, minLength, maxLength, pattern, ...rest } = field;
  const isWritten = kind !== "select" && kind !== "checkbox";
  return plain({
    ...rest,
    kind,
    ...(isWritten && { minLength, maxLength }),
    ...(kind === "text" && { pattern }),
    ...(kind === "select" && { options: options ?? [] }),
  }) as design.Field;
}

interface PartProps {
  readonly field: design.Field;
  readonly onChange: (change: Partial<design.Field>, run?: string) => void;
}

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** A name is taken once it is a good one; one that is used stays. */
function FieldName({
  field,
  taken,
  users,
  onChange,
}: PartProps & { readonly taken: ReadonlySet<string>; readonly users: readonly string[] | null }) {
  const words = t.design.fields;
  const [text, setText] = useWritten(field.name, {
    write: (name) => name,
    read: (typed) => (NAME.test(typed) ? typed : null),
  });
  const isFree = users?.length === 0;
  const isGood = NAME.test(text) && (text === field.name || !taken.has(text));
  return (
    <TextInput
      label={words.name}
      description={isFree ? words.nameHint : usesInWords(users)}
      classNames={{ input: "mono" }}
      disabled={!isFree}
      value={text}
      error={isGood ? undefined : true}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        if (NAME.test(value) && !taken.has(value)) onChange({ name: value }, "field name");
      }}
      onBlur={() => setText(field.name)}
    />
  );
}

/** Options in bulk: one a line. */
function Options({ field, onChange }: PartProps) {
  const { document, language } = useEditing();
  const present = field.options ?? [];
  const write = (options: readonly design.FieldOption[]) => textOfOptions(options, language);
  const read = (typed: string) => optionsOf(typed, present, language, document.languages);
  const [text, setText] = useWritten(present, { write, read });
  const words = t.design.fields;
  return (
    <Textarea
      label={words.options}
      description={words.optionsHint}
      autosize
      minRows={3}
      maxRows={12}
      dir="auto"
      value={text}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        onChange({ options: read(value) }, `options ${field.name} ${language}`);
      }}
      onBlur={() => setText(write(present))}
    />
  );
}
