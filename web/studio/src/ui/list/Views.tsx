/** Filters and columns under a name, kept by this browser. */

import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconBookmark, IconX } from "@tabler/icons-react";
import { useState } from "react";

import { t } from "../../texts/index.ts";

interface View {
  readonly name: string;
  /** What stands behind the `?` of the address. */
  readonly query: string;
}

interface ViewsProps {
  /** Whose views these are, such as a list of an app. */
  readonly of: string;
  /** The address' query now. */
  readonly query: string;
  readonly onOpen: (query: string) => void;
}

export function Views({ of, query, onOpen }: ViewsProps) {
  const [views, setViews] = useLocalStorage<readonly View[]>({
    key: `studio-views-${of}`,
    defaultValue: [],
    deserialize: readViews,
  });
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState("");
  const words = t.ui.views;
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    const kept = views.filter((view) => view.name !== name.trim());
    setViews([...kept, { name: name.trim(), query }]);
    setName("");
  };
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      position="bottom-end"
      width={280}
      trapFocus
      transitionProps={{ duration: 100 }}
    >
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconBookmark size={16} stroke={1.6} />}
          onClick={() => setOpen(!isOpen)}
        >
          {words.title}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.title}>
        <Stack gap="sm">
          {views.length === 0 && (
            <Text size="sm" c="dimmed">
              {words.none}
            </Text>
          )}
          {views.map((view) => (
            <Group key={view.name} gap={4} wrap="nowrap" justify="space-between">
              <Button
                variant="subtle"
                size="compact-sm"
                className="one-line"
                onClick={() => {
                  setOpen(false);
                  onOpen(view.query);
                }}
              >
                {view.name}
              </Button>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t.ui.removeWhat(view.name)}
                onClick={() => setViews(views.filter((one) => one !== view))}
              >
                <IconX size={14} />
              </ActionIcon>
            </Group>
          ))}
          <form onSubmit={save}>
            <Group gap="xs" align="flex-end" wrap="nowrap">
              <TextInput
                flex={1}
                label={words.name}
                placeholder={words.nameHint}
                maxLength={60}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" disabled={name.trim() === ""}>
                {words.save}
              </Button>
            </Group>
          </form>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What the browser has kept, as far as it can be read. */
function readViews(text: string | undefined): readonly View[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter(isView) : [];
  } catch {
    return [];
  }
}

const isView = (value: unknown): value is View =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  typeof value.name === "string" &&
  "query" in value &&
  typeof value.query === "string";
