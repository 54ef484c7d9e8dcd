/** The form of an editor, with what is said below it: not saved yet, why not, who else changed it. */

import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconHistory } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { Permitted, useForbidden } from "../features/people/Permitted.tsx";
import { t } from "../texts/index.ts";
import { done } from "../ui/notify.ts";
import { ago } from "../ui/time.ts";
import classes from "../ui/ui.module.css";
import { faultyField } from "../ui/useFault.ts";
import { ConflictDialog } from "./ConflictDialog.tsx";
import type { Subject } from "./LastChange.tsx";
import type { Editor } from "./useEditor.ts";

interface EditorFormProps<V> {
  readonly editor: Editor<V>;
  /** What one needs to save it; in an app, or in the installation. */
  readonly scope: string;
  readonly appId?: string;
  readonly children: ReactNode;
  /** What the button says; `Save` unless told otherwise. */
  readonly act?: string;
  /** Shown all the time, as for what is not there yet. */
  readonly isNew?: boolean;
  readonly onSaved?: () => void;
  readonly onCancel?: () => void;
  /** What fields are called, where their changes are shown. */
  readonly names?: Readonly<Record<string, string>>;
  /** What is edited, to ask who has changed it; nothing for what is not there yet. */
  readonly subject?: Subject;
}

export function EditorForm<V extends object>(props: EditorFormProps<V>) {
  const { editor, children, act, isNew = false, onSaved, onCancel, names = {}, subject } = props;
  const forbidden = useForbidden(props.scope, props.appId);
  const submit = async (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    event.stopPropagation();
    if (forbidden !== null) return;
    const faulty = faultyField(event.currentTarget);
    if (faulty !== null) {
      faulty.scrollIntoView({ block: "center" });
      faulty.focus();
      return;
    }
    if (await editor.submit()) {
      done(t.editor.saved);
      onSaved?.();
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {editor.draft !== null && (
          <Alert icon={<IconHistory size={18} />} color="teal" title={t.editor.draftTitle}>
            <Text size="sm">{t.editor.draftLead(ago(editor.draft.at))}</Text>
            <Group gap="xs" mt="xs">
              <Button size="compact-sm" onClick={editor.restoreDraft}>
                {t.editor.restore}
              </Button>
              <Button size="compact-sm" variant="default" onClick={editor.forgetDraft}>
                {t.editor.forget}
              </Button>
            </Group>
          </Alert>
        )}
        {forbidden !== null && (
          <Text size="sm" c="dimmed" role="note">
            {forbidden}
          </Text>
        )}
        {children}
        {editor.problem !== null && (
          <Alert
            icon={<IconAlertTriangle size={18} />}
            color="red"
            title={t.editor.notSaved}
            role="alert"
          >
            <span className="foreign">{editor.problem.message}</span>
          </Alert>
        )}
        {(editor.isDirty || isNew) && (
          <div className={classes.bar}>
            <Text size="sm" c="dimmed">
              {isNew ? "" : t.editor.unsaved}
            </Text>
            <Group gap="xs">
              <Button
                variant="default"
                onClick={() => {
                  editor.discard();
                  onCancel?.();
                }}
              >
                {isNew ? t.ui.cancel : t.editor.discard}
              </Button>
              <Permitted scope={props.scope} appId={props.appId}>
                <Button type="submit" loading={editor.isSaving}>
                  {act ?? t.editor.save}
                </Button>
              </Permitted>
            </Group>
          </div>
        )}
      </Stack>
      {editor.conflict !== null && (
        <ConflictDialog
          conflict={editor.conflict}
          names={names}
          subject={subject}
          onResolve={editor.resolve}
          onClose={editor.postpone}
        />
      )}
    </form>
  );
}
