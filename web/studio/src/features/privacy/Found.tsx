/** What is kept of a person, and what can be done with it. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload, IconEraser } from "@tabler/icons-react";

import type { PersonExport, PersonQuery, PersonView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { done, failed } from "../../ui/notify.ts";
import { Time } from "../../ui/Time.tsx";
import { figure } from "../../ui/time.ts";
import { erasePerson, exportPerson } from "./queries.ts";
import { SentTo } from "./SentTo.tsx";

const FORMATS = ["html", "csv", "json"] as const satisfies readonly PersonExport["format"][];

interface FoundProps {
  readonly appId: string;
  readonly query: PersonQuery;
  readonly found: PersonView;
  readonly onErased: () => void;
}

export function Found({ appId, query, found, onErased }: FoundProps) {
  const [asks, dialog] = useDisclosure(false);
  const words = t.privacy.person;
  if (found.sessions === 0) return <Text>{words.nothing}</Text>;
  const hand = (format: PersonExport["format"]) =>
    void exportPerson(appId, { ...query, format }).catch(failed);
  return (
    <Stack gap="sm">
      <Text fw={600}>{words.found}</Text>
      <Facts
        of={[
          [words.since, found.since == null ? null : <Time key="since" value={found.since} />],
          ...(
            [
              "sessions",
              "calls",
              "forms",
              "surveys",
              "callbacks",
              "events",
              "records",
              "deliveries",
            ] as const
          ).map((kind) => [words.kinds[kind], figure(found[kind])] as const),
        ]}
      />
      <SentTo to={found.sentTo} title={words.sentTo} />
      <Group gap="xs">
        {FORMATS.map((format) => (
          <Button
            key={format}
            variant="default"
            leftSection={<IconDownload size={16} stroke={1.6} />}
            onClick={() => hand(format)}
          >
            {words.formats[format]}
          </Button>
        ))}
        <Button
          variant="default"
          c="var(--studio-bad)"
          leftSection={<IconEraser size={16} stroke={1.6} />}
          onClick={dialog.open}
        >
          {words.erase}
        </Button>
      </Group>
      {asks && (
        <Confirm
          title={words.eraseTitle}
          act={words.erase}
          typed={words.eraseTyped}
          onClose={dialog.close}
          onConfirm={async () => {
            await erasePerson(appId, query);
            done(words.erasing);
            onErased();
          }}
        >
          <Text>{words.eraseLead(figure(found.events), figure(found.calls))}</Text>
        </Confirm>
      )}
    </Stack>
  );
}
