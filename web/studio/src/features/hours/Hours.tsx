/** When an app takes calls. */

import { SegmentedControl } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import type { AppView, BusinessHours } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { useEditor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { viewerZone } from "../../ui/time.ts";
import { loadSettings, saveSettings, useApp } from "../apps/queries.ts";
import { HoursField } from "./HoursField.tsx";
import { Tester } from "./Tester.tsx";
import { hoursPath, NEW_HOURS } from "./times.ts";

const route = "/frame/apps/$appId/hours";

export default function Hours() {
  const { appId } = useParams({ from: route });
  const { at } = useSearch({ from: route });
  const navigate = useNavigate();
  const app = useApp(appId);
  return (
    <Screen title={t.hours.title} lead={t.hours.lead}>
      <Loaded query={app} rows={8}>
        {(loaded) => (
          <>
            <HoursForm key={loaded.id} app={loaded} />
            <Tester
              appId={appId}
              timeZone={loaded.hours?.timeZone ?? viewerZone}
              at={at}
              onAt={(next) =>
                void navigate({
                  to: "/apps/$appId/hours",
                  params: { appId },
                  search: { at: next },
                  replace: true,
                })
              }
            />
          </>
        )}
      </Loaded>
    </Screen>
  );
}

interface Values {
  readonly hours: BusinessHours | null;
}

const pick = (app: AppView): Values => ({ hours: app.hours ?? null });

function HoursForm({ app }: { readonly app: AppView }) {
  const editor = useEditor<Values>({
    id: `hours-${app.id}`,
    value: pick(app),
    load: () => loadSettings(app.id, pick),
    save: ({ values, headers }) => saveSettings(app.id, values, headers),
    pathOf: hoursPath,
  });
  const { form } = editor;
  const { hours } = form.values;
  // What was written into the week is there again after a look at the other way.
  const [week, setWeek] = useState(app.hours ?? NEW_HOURS(viewerZone));
  return (
    <EditorForm
      editor={editor}
      scope="settings:write"
      appId={app.id}
      names={{ hours: t.hours.title }}
      subject={{ appId: app.id, of: "settings" }}
    >
      <Section
        title={t.hours.mode}
        lead={hours === null ? t.hours.alwaysLead : undefined}
        actions={
          <SegmentedControl
            aria-label={t.hours.mode}
            value={hours === null ? "always" : "week"}
            onChange={(mode) => {
              if (hours !== null) setWeek(hours);
              form.setFieldValue("hours", mode === "always" ? null : week);
            }}
            data={[
              { value: "always", label: t.hours.always },
              { value: "week", label: t.hours.byWeek },
            ]}
          />
        }
      >
        {hours !== null && (
          <HoursField
            hours={hours}
            onChange={(next) => form.setFieldValue("hours", next)}
            path="hours"
            faults={form.errors}
          />
        )}
      </Section>
    </EditorForm>
  );
}
