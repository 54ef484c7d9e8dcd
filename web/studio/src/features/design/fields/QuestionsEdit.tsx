/** The questions of a survey. */

import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import type { Block } from "../core/document.ts";
import { freeField, inAll } from "../core/kinds.ts";
import { setBlock } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import { TextEdit } from "../panel/TextEdit.tsx";

const MAX_QUESTIONS = 20;

export function QuestionsEdit({ block }: { readonly block: Block & { readonly type: "survey" } }) {
  const { document, edit, seal } = useEditing();
  const words = t.design.fields;
  const { questions } = block;
  const write = (next: typeof questions, run?: string) =>
    edit((present) => setBlock(present, block.id, { questions: next }), run);
  const move = (index: number, to: number) => {
    const next = [...questions];
    next.splice(to, 0, ...next.splice(index, 1));
    write(next);
  };
  return (
    <section aria-label={words.questions}>
      <Text fw={600} mb="xs">
        {words.questions}
      </Text>
      <Stack gap="md">
        {questions.map((question, index) => {
          const name = `${words.question} ${index + 1}`;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a row must not move it
            <div key={index}>
              <TextEdit
                block={block.id}
                path={["questions", index, "label"]}
                value={question.label}
                label={name}
              />
              <Group gap={4} wrap="nowrap" align="flex-end">
                <TextInput
                  flex={1}
                  label={words.questionId}
                  classNames={{ input: "mono" }}
                  maxLength={64}
                  value={question.id}
                  onChange={({ currentTarget: { value: id } }) =>
                    write(
                      questions.map((one, at) => (at === index ? { ...one, id } : one)),
                      `question ${index}`,
                    )
                  }
                  onBlur={seal}
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={34}
                  disabled={index === 0}
                  aria-label={words.up(name)}
                  onClick={() => move(index, index - 1)}
                >
                  <IconArrowUp size={15} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={34}
                  disabled={index === questions.length - 1}
                  aria-label={words.down(name)}
                  onClick={() => move(index, index + 1)}
                >
                  <IconArrowDown size={15} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={34}
                  aria-label={t.ui.removeWhat(name)}
                  onClick={() => write(questions.filter((_, at) => at !== index))}
                >
                  <IconTrash size={15} />
                </ActionIcon>
              </Group>
            </div>
          );
        })}
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconPlus size={15} />}
          disabled={questions.length >= MAX_QUESTIONS}
          onClick={() => {
            const id = freeField("question", new Set(questions.map((one) => one.id)));
            const label = inAll(document.languages, t.design.fresh.question);
            write([...questions, { id, label }]);
          }}
        >
          {words.addQuestion}
        </Button>
      </Stack>
    </section>
  );
}
