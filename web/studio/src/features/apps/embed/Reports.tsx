/** Where real visits have seen the widget, and what the page did not let it have. */

import { Group, Text } from "@mantine/core";

import { api } from "../../../api/client.ts";
import type { EmbedReportView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Section } from "../../../ui/Section.tsx";
import { Status, type Tone } from "../../../ui/Status.tsx";
import { Loaded, Nothing } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import classes from "./embed.module.css";

export function Reports({ appId }: { readonly appId: string }) {
  const words = t.apps.embed.reports;
  const reports = api.useQuery("get", "/v1/apps/{appId}/embed-reports", {
    params: { path: { appId } },
  });
  return (
    <Section title={words.title} lead={words.lead}>
      <Loaded query={reports}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={words.none}>{words.noneLead}</Nothing>
          ) : (
            <ul className={classes.findings}>
              {items.map((report) => (
                <Report key={report.page} report={report} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function Report({ report }: { readonly report: EmbedReportView }) {
  const words = t.apps.embed.reports;
  const [tone, what] = verdict(report);
  const around = report.frames ?? 1;
  return (
    <li className={classes.finding}>
      <Group gap="xs" justify="space-between" align="baseline">
        <Text fw={600} className="foreign" style={{ minInlineSize: 0 }}>
          <Status tone={tone}>{report.page.replace(/^https:\/\//, "")}</Status>
        </Text>
        <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {words.seen} <Time value={report.seenAt} relative />
        </Text>
      </Group>
      <Text size="sm" mt={2}>
        {what}
        {report.loader != null && ` · ${report.loader ? words.loader : words.iframe}`}
        {around > 1 && ` · ${words.nested(around)}`}
      </Text>
    </li>
  );
}

function verdict({ problem, microphone }: EmbedReportView): readonly [Tone, string] {
  const words = t.apps.embed.reports;
  if (problem != null) return ["bad", words.problems[problem]];
  if (microphone == null) return ["none", words.microphoneUnknown];
  return microphone ? ["good", words.microphone] : ["bad", words.noMicrophone];
}
