/** How the widget gets into a page, and whether it works there. */

import { Alert, Stack, Tabs, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { serverUrl } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { TextLink } from "../../../ui/links.tsx";
import { Screen } from "../../../ui/Screen.tsx";
import { Section } from "../../../ui/Section.tsx";
import { useApp, useWidgetKeys } from "../queries.ts";
import { Checker } from "./Checker.tsx";
import { Options } from "./Options.tsx";
import { Reports } from "./Reports.tsx";
import { type EmbedOptions, readContext, SNIPPET_KINDS, snippet } from "./snippets.ts";

const route = "/frame/apps/$appId/embed";

export default function Embed() {
  const { appId } = useParams({ from: route });
  const search = useSearch({ from: route });
  const navigate = useNavigate();
  const app = useApp(appId).data;
  const keys = useWidgetKeys(appId).data?.items ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [context, setContext] = useState("");
  const [options, setOptions] = useState<EmbedOptions>({});
  const words = t.apps.embed;
  const kind = SNIPPET_KINDS.find((one) => one === search.kind) ?? "script";
  const key = chosen ?? keys[0]?.key ?? "wk_…";
  const origins = app?.allowedOrigins ?? [];
  const values = {
    host: serverUrl.href.replace(/\/$/, ""),
    appId,
    key,
    context: readContext(context),
    options,
  };
  const show = (patch: Partial<typeof search>) =>
    void navigate({
      to: "/apps/$appId/embed",
      params: { appId },
      search: { ...search, ...patch },
    });
  const settings = (
    <TextLink to="/apps/$appId/settings" params={{ appId }}>
      {words.toSettings}
    </TextLink>
  );
  return (
    <Screen title={words.title} lead={words.lead}>
      {app !== undefined && origins.length === 0 && (
        <Alert icon={<IconAlertTriangle size={18} />} color="yellow" title={words.noOrigins}>
          {words.noOriginsLead} {settings}
        </Alert>
      )}
      <Section title={words.snippet}>
        <Tabs
          value={kind}
          onChange={(value) =>
            show({ kind: value === "script" || value === null ? undefined : value })
          }
          keepMounted={false}
        >
          <Tabs.List mb="md">
            {SNIPPET_KINDS.map((one) => (
              <Tabs.Tab key={one} value={one}>
                {words.kinds[one]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {SNIPPET_KINDS.map((one) => (
            <Tabs.Panel key={one} value={one}>
              <Stack>
                <Text c="dimmed">{words.leads[one]}</Text>
                <Code text={snippet(one, values)} label={words.kinds[one]} />
                <Options
                  kind={one}
                  keys={keys.map((each) => each.key)}
                  widgetKey={key}
                  onKey={setChosen}
                  context={context}
                  onContext={setContext}
                  options={options}
                  onOptions={setOptions}
                />
              </Stack>
            </Tabs.Panel>
          ))}
        </Tabs>
      </Section>
      <Checker appId={appId} page={search.page} onPage={(page) => show({ page })} />
      <Reports appId={appId} />
      <Section title={words.checked} actions={settings}>
        {origins.length === 0 ? (
          <Text c="dimmed">{t.apps.settings.noOrigins}</Text>
        ) : (
          origins.map((origin) => (
            <Text key={origin} className="mono foreign">
              {origin}
            </Text>
          ))
        )}
      </Section>
    </Screen>
  );
}
