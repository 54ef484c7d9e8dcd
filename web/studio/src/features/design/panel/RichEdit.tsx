/** Words with marks and links in the language that is looked at, piece by piece. */

import type { design } from "@bellpush/protocol";
import { ActionIcon, Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconBold, IconItalic, IconLink, IconPlus, IconTrash } from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import { plain } from "../core/document.ts";
import { type Path, withText } from "../core/texts.ts";
import { useEditing } from "../editing.ts";
import { WordsWarning } from "./WordsWarning.tsx";

interface RichEditProps {
  readonly block: string;
  readonly path: Path;
  readonly value: Readonly<Record<string, readonly design.Span[]>>;
  readonly label: string;
}

export function RichEdit({ block, path, value, label }: RichEditProps) {
  const { language, edit, seal } = useEditing();
  const panel = t.design.panel;
  const spans = value[language] ?? [];
  const shown: readonly design.Span[] = spans.length === 0 ? [{ text: "" }] : spans;
  const place = { block, path, rich: true };
  const write = (next: readonly design.Span[], run?: string) =>
    edit(
      (present) =>
        withText(present, place, {
          ...value,
          [language]: next.every(({ text }) => text === "") ? [] : next,
        }),
      run,
    );
  const change = (index: number, part: Partial<design.Span>, run?: string) =>
    write(
      shown.map((span, at) => (at === index ? (plain({ ...span, ...part }) as design.Span) : span)),
      run,
    );
  const isBlank = spans.every(({ text }) => text.trim() === "");
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <Text component="legend" size="sm" fw={500} mb={4}>
        {label}
      </Text>
      <Stack gap="xs">
        {shown.map((span, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a piece must not move it
          <div key={index}>
            <Textarea
              aria-label={panel.piece(index + 1)}
              autosize
              minRows={1}
              maxRows={8}
              dir="auto"
              lang={language}
              value={span.text}
              error={isBlank ? panel.missing : undefined}
              onChange={(event) =>
                change(
                  index,
                  { text: event.currentTarget.value },
                  `rich ${block} ${language} ${index}`,
                )
              }
              onBlur={seal}
            />
            <WordsWarning name={null} words={span.text} />
            <Group gap={4} mt={4} wrap="nowrap">
              <Mark
                label={panel.bold}
                on={span.bold === true}
                onChange={(bold) => change(index, { bold: bold || undefined })}
              >
                <IconBold size={15} />
              </Mark>
              <Mark
                label={panel.italic}
                on={span.italic === true}
                onChange={(italic) => change(index, { italic: italic || undefined })}
              >
                <IconItalic size={15} />
              </Mark>
              <Mark
                label={panel.link}
                on={span.href != null}
                onChange={(on) => change(index, { href: on ? "https://" : undefined })}
              >
                <IconLink size={15} />
              </Mark>
              {span.href != null && (
                <TextInput
                  flex={1}
                  size="xs"
                  aria-label={panel.linkTo}
                  value={span.href}
                  onChange={(event) =>
                    change(index, { href: event.currentTarget.value }, `href ${block} ${index}`)
                  }
                  onBlur={seal}
                />
              )}
              {shown.length > 1 && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  ms="auto"
                  aria-label={t.ui.removeWhat(panel.piece(index + 1))}
                  onClick={() => write(shown.filter((_, at) => at !== index))}
                >
                  <IconTrash size={15} />
                </ActionIcon>
              )}
            </Group>
          </div>
        ))}
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPlus size={14} />}
          onClick={() => write([...shown, { text: " " }])}
        >
          {panel.addPiece}
        </Button>
      </Stack>
    </fieldset>
  );
}

interface MarkProps {
  readonly label: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
  readonly children: React.ReactNode;
}

function Mark({ label, on, onChange, children }: MarkProps) {
  return (
    <ActionIcon
      variant={on ? "filled" : "default"}
      aria-label={label}
      aria-pressed={on}
      onClick={() => onChange(!on)}
    >
      {children}
    </ActionIcon>
  );
}
