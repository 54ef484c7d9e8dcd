/** What is kept of people: found, handed out and erased. */

import { Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Erasures } from "./Erasures.tsx";
import { Person } from "./Person.tsx";

export default function Privacy() {
  const { appId } = useParams({ from: "/frame/apps/$appId/privacy" });
  return (
    <Screen title={t.privacy.title} lead={t.privacy.lead}>
      <Stack gap="lg">
        <Person key={appId} appId={appId} />
        <Erasures appId={appId} />
      </Stack>
    </Screen>
  );
}
