/** A new app, with its site, and a key so that it can be embedded at once. */

import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import type { AppView } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Modal } from "../../ui/dialogs.tsx";
import { createApp } from "./create.ts";

export function CreateApp({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Modal opened onClose={onClose} title={t.apps.createTitle}>
      <AppFields
        act={t.apps.create}
        onCancel={onClose}
        onCreated={(app) => void navigate({ to: "/apps/$appId", params: { appId: app.id } })}
      />
    </Modal>
  );
}

interface AppFieldsProps {
  readonly act: string;
  readonly onCreated: (app: AppView) => void;
  readonly onCancel?: () => void;
}

export function AppFields({ act, onCreated, onCancel }: AppFieldsProps) {
  const form = useForm({ initialValues: { name: "", site: "" } });
  const [busy, setBusy] = useState(false);
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    try {
      onCreated(await createApp(values));
    } catch (error) {
      const problem = asProblem(error);
      const field = problem.pointer?.startsWith("/allowedOrigins") ? "site" : "name";
      form.setFieldError(field, problem.message);
      form.getInputNode(field)?.focus();
      setBusy(false);
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t.apps.name}
          description={t.apps.nameHint}
          autoFocus
          data-autofocus
          {...form.getInputProps("name")}
        />
        <TextInput
          label={t.apps.site}
          description={t.apps.siteHint}
          placeholder="https://shop.example"
          type="url"
          {...form.getInputProps("site")}
        />
        <Group justify="flex-end" gap="xs">
          {onCancel !== undefined && (
            <Button variant="default" onClick={onCancel}>
              {t.ui.cancel}
            </Button>
          )}
          <Button type="submit" loading={busy}>
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
