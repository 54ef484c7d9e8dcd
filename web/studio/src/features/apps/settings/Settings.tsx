/** An app's own settings. */

import { Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";

import { t } from "../../../texts/index.ts";
import { Screen } from "../../../ui/Screen.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { useApp } from "../queries.ts";
import { AppliedFile } from "./AppliedFile.tsx";
import { DeleteApp } from "./DeleteApp.tsx";
import { SettingsForm } from "./SettingsForm.tsx";
import { WidgetKeys } from "./WidgetKeys.tsx";

export default function Settings() {
  const { appId } = useParams({ from: "/frame/apps/$appId/settings" });
  const app = useApp(appId);
  return (
    <Screen title={t.apps.settings.title} lead={t.apps.settings.lead}>
      <Loaded query={app} rows={8}>
        {(loaded) => (
          <Stack gap="lg">
            <SettingsForm key={loaded.id} app={loaded} />
            <WidgetKeys appId={appId} />
            <AppliedFile appId={appId} />
            <DeleteApp app={loaded} />
          </Stack>
        )}
      </Loaded>
    </Screen>
  );
}
