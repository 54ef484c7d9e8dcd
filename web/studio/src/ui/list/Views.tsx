/** Filters and columns under a name, kept by the server for whoever is signed in. */

import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconX } from "@tabler/icons-react";
import { useState } from "react";

import type { ViewedList } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { failed } from "../notify.ts";
import { Failed } from "../states.tsx";
import { useViews } from "./useViews.ts";

interface ViewsProps {
  readonly appId: string;
  readonly list: ViewedList;
  /** The address' query now. */
  readonly query: string;
  readonly onOpen: (query: string) => void;
}

export function Views({ appId, list, query, onOpen }: ViewsProps) {
  const [isOpen, setOpen] = useState(false);
  const words = t.ui.views;
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
        {/* Asked for only when somebody looks. */}
        {isOpen && (
          <Kept
            appId={appId}
            list={list}
            query={query}
            onOpen={(chosen) => {
              setOpen(false);
              onOpen(chosen);
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function Kept({ appId, list, query, onOpen }: ViewsProps) {
  const { views, error, retry, keep, forget } = useViews(appId, list);
  const [name, setName] = useState("");
  const words = t.ui.views;
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    keep.mutate({ name: name.trim(), query }, { onSuccess: () => setName(""), onError: failed });
  };
  if (error !== null) return <Failed error={error} retry={retry} />;
  return (
    <Stack gap="sm">
      {views === undefined && (
        <Text size="sm" c="dimmed">
          {t.ui.loading}
        </Text>
      )}
      {views?.length === 0 && (
        <Text size="sm" c="dimmed">
          {words.none}
        </Text>
      )}
      {views?.map((view) => (
        <Group key={view.id} gap={4} wrap="nowrap" justify="space-between">
          <Button
            variant="subtle"
            size="compact-sm"
            className="one-line"
            onClick={() => onOpen(view.query)}
          >
            {view.name}
          </Button>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t.ui.removeWhat(view.name)}
            onClick={() => forget.mutate(view.id, { onError: failed })}
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
          <Button
            type="submit"
            variant="default"
            loading={keep.isPending}
            disabled={name.trim() === ""}
          >
            {words.save}
          </Button>
        </Group>
      </form>
    </Stack>
  );
}
