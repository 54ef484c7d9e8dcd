/** For how long what visitors leave is kept; and what is kept of one person, found, handed out and erased. */

import { Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { useApp } from "../apps/queries.ts";
import { Erasures } from "./Erasures.tsx";
import { Person } from "./Person.tsx";
import { Retention } from "./Retention.tsx";

export default function Privacy() {
  const { appId } = useParams({ from: "/frame/apps/$appId/privacy" });
  const app = useApp(appId);
  return (
    <Screen title={t.privacy.title} lead={t.privacy.lead}>
      <Stack gap="lg">
        <Person key={appId} appId={appId} />
        <Erasures appId={appId} />
        <Loaded query={app} rows={6}>
          {(loaded) => <Retention key={loaded.id} app={loaded} />}
        </Loaded>
        <Section title={t.privacy.addresses.title}>
          <Text maw={640}>{t.privacy.addresses.lead}</Text>
        </Section>
      </Stack>
    </Screen>
  );
}
