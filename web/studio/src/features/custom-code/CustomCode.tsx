/** Custom code: two fields of HTML, and a preview that runs what is saved, with its console. */

import { Alert, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import type { AppView } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { useEditor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded, Loading } from "../../ui/states.tsx";
import { Warning } from "../../ui/Warning.tsx";
import { loadSettings, saveSettings, useApp } from "../apps/queries.ts";
import { unheardIn } from "../events/emitted.ts";
import { useEmitted } from "../events/useEmitted.ts";
import { completeC2c } from "./completions.ts";
import { Running } from "./Running.tsx";

const CodeField = lazy(() => import("../../ui/code/CodeField.tsx"));

interface Values {
  readonly customCode: { readonly head: string; readonly body: string };
}

const pick = ({ customCode }: AppView): Values => ({
  customCode: { head: customCode?.head ?? "", body: customCode?.body ?? "" },
});

export default function CustomCode() {
  const { appId } = useParams({ from: "/frame/apps/$appId/code" });
  const app = useApp(appId);
  return (
    <Screen title={t.customCode.title} lead={t.customCode.lead}>
      <Loaded query={app} rows={8}>
        {(loaded) => <Fields key={loaded.id} app={loaded} />}
      </Loaded>
    </Screen>
  );
}

function Fields({ app }: { readonly app: AppView }) {
  const words = t.customCode;
  /** Counts what is to be run anew. */
  const [run, setRun] = useState(0);
  const editor = useEditor<Values>({
    id: `code-${app.id}`,
    value: pick(app),
    load: () => loadSettings(app.id, pick),
    save: ({ changes, headers }) => saveSettings(app.id, changes, headers),
  });
  const emitted = useEmitted(app.id);
  const { form } = editor;
  const { head, body } = form.values.customCode;
  return (
    <Stack gap="lg">
      <EditorForm
        editor={editor}
        scope="settings:write"
        appId={app.id}
        names={{ customCode: words.title }}
        subject={{ appId: app.id, of: "settings" }}
        onSaved={() => setRun(run + 1)}
      >
        <Alert icon={<IconInfoCircle size={18} />} color="gray">
          {words.live}
        </Alert>
        {(["head", "body"] as const).map((part) => (
          <Section
            key={part}
            title={words[part]}
            lead={part === "head" ? words.headHint : undefined}
          >
            <div data-path={`customCode.${part}`} tabIndex={-1}>
              <Suspense fallback={<Loading rows={3} />}>
                <CodeField
                  label={words[part]}
                  value={part === "head" ? head : body}
                  complete={completeC2c}
                  onChange={(value) => form.setFieldValue(`customCode.${part}`, value as never)}
                />
              </Suspense>
            </div>
            <Warning
              of={
                emitted === null
                  ? []
                  : unheardIn(part === "head" ? head : body, emitted).map(words.unheard)
              }
            />
            {form.errors[`customCode.${part}`] != null && (
              <Text c="var(--studio-bad)" size="sm" role="alert" mt={4}>
                {form.errors[`customCode.${part}`]}
              </Text>
            )}
          </Section>
        ))}
      </EditorForm>
      <Running key={run} appId={app.id} run={run} onAgain={() => setRun(run + 1)} />
    </Stack>
  );
}
