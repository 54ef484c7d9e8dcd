/** For how long each kind is kept, and what goes next. */

import { NumberInput, Stack, Text } from "@mantine/core";

import type { AppView, Retention as Values } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { useEditor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Time } from "../../ui/Time.tsx";
import { figure } from "../../ui/time.ts";
import { loadSettings, saveSettings } from "../apps/queries.ts";
import { refreshForecast, useForecast } from "./queries.ts";

const KINDS = [
  "visits",
  "events",
  "deliveries",
  "calls",
  "forms",
  "callbacks",
  "records",
] as const satisfies readonly (keyof Values)[];

interface Form {
  readonly retention: Values;
}

const pick = (app: AppView): Form => ({
  retention: Object.fromEntries(KINDS.map((kind) => [kind, app.retention?.[kind] ?? null])),
});

const NAMES = { retention: t.privacy.retention.title };

export function Retention({ app }: { readonly app: AppView }) {
  const editor = useEditor<Form>({
    id: `retention-${app.id}`,
    value: pick(app),
    load: () => loadSettings(app.id, pick),
    save: async ({ changes, headers }) => {
      await saveSettings(app.id, changes, headers);
      await refreshForecast();
    },
  });
  const { form } = editor;
  const forecast = useForecast(app.id).data?.items ?? [];
  const words = t.privacy.retention;
  return (
    <EditorForm
      editor={editor}
      scope="settings:write"
      appId={app.id}
      names={NAMES}
      subject={{ appId: app.id, of: "settings" }}
    >
      <Section title={words.title} lead={words.lead}>
        <Stack gap="sm" maw={560}>
          {KINDS.map((kind) => {
            const next = forecast.find((one) => one.kind === kind);
            return (
              <div key={kind}>
                <NumberInput
                  label={words.kinds[kind]}
                  description={words.hints[kind]}
                  placeholder={words.forGood}
                  suffix={words.days}
                  min={1}
                  max={3650}
                  allowDecimal={false}
                  {...form.getInputProps(`retention.${kind}`)}
                  value={form.values.retention[kind] ?? ""}
                  onChange={(days) =>
                    form.setFieldValue(`retention.${kind}`, typeof days === "number" ? days : null)
                  }
                />
                {next !== undefined && (
                  <Text size="sm" c="dimmed" mt={4}>
                    {words.next(figure(next.rows), next.more)} <Time value={next.at} />
                  </Text>
                )}
              </div>
            );
          })}
        </Stack>
      </Section>
    </EditorForm>
  );
}
