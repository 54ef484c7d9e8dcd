/** How far the draft is saved, undo and redo; and what is to be decided about it. */

import { ActionIcon, Alert, Button, Group, Text, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconHistory,
} from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import { Status } from "../../../ui/Status.tsx";
import { ago } from "../../../ui/time.ts";
import type { Saving } from "./session.ts";
import type { Editing } from "./useDesign.ts";

const TONES = {
  saved: "good",
  waiting: "none",
  saving: "none",
  failed: "bad",
  clash: "warn",
} as const satisfies Record<Saving["name"], string>;

export function History({ editing: { session, view } }: { readonly editing: Editing }) {
  const { history, saving } = view;
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={t.design.savedLead}>
        <span role="status">
          <Status tone={TONES[saving.name]}>{t.design.saving[saving.name]}</Status>
        </span>
      </Tooltip>
      <Tooltip label={t.design.undo}>
        <ActionIcon
          variant="default"
          size={34}
          aria-label={t.design.undo}
          disabled={history.past.length === 0}
          onClick={session.undo}
        >
          <IconArrowBackUp size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t.design.redo}>
        <ActionIcon
          variant="default"
          size={34}
          aria-label={t.design.redo}
          disabled={history.future.length === 0}
          onClick={session.redo}
        >
          <IconArrowForwardUp size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

export function Notices({ editing }: { readonly editing: Editing }) {
  const { view, local, session, forbidden } = editing;
  return (
    <>
      {forbidden !== null && (
        <Text size="sm" c="dimmed" role="note" mb="md">
          {forbidden}
        </Text>
      )}
      {local !== null && (
        <Alert icon={<IconHistory size={18} />} color="teal" title={t.design.draftTitle} mb="md">
          <Text size="sm">
            {t.design.draftLead} ({ago(local.at)})
          </Text>
          <Group gap="xs" mt="xs">
            <Button size="compact-sm" onClick={editing.restore}>
              {t.design.restore}
            </Button>
            <Button size="compact-sm" variant="default" onClick={editing.forget}>
              {t.design.forget}
            </Button>
          </Group>
        </Alert>
      )}
      {view.saving.name === "failed" && (
        <Alert
          icon={<IconAlertTriangle size={18} />}
          color="red"
          title={t.design.saving.failed}
          role="alert"
          mb="md"
        >
          <span className="foreign">{view.saving.problem.message}</span>
          <Group mt="xs">
            <Button size="compact-sm" variant="default" onClick={() => void session.flush()}>
              {t.design.retry}
            </Button>
          </Group>
        </Alert>
      )}
    </>
  );
}
