/** What was last applied to an app from a file, and what differs from it since. */

import { List, Stack, Text } from "@mantine/core";

import type { AppliedView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Section } from "../../../ui/Section.tsx";
import { Status } from "../../../ui/Status.tsx";
import { Time } from "../../../ui/Time.tsx";
import { useAppliedFile } from "../queries.ts";

/** Fields that are named of one change. */
const SHOWN_FIELDS = 5;

type File = NonNullable<AppliedView["applied"]>;

export function AppliedFile({ appId }: { readonly appId: string }) {
  const found = useAppliedFile(appId).data?.applied;
  // Who keeps no file is told nothing of it.
  if (found === undefined || found === null) return null;
  return (
    <Section title={t.apps.settings.file} lead={t.apps.settings.fileLead}>
      <Stack gap="xs">
        <State file={found} />
        {found.changes.length > 0 && <Changes file={found} />}
      </Stack>
    </Section>
  );
}

function State({ file }: { readonly file: File }) {
  const words = t.apps.settings;
  const name = file.fileName ?? words.fileUnnamed;
  const same = file.changes.length === 0;
  return (
    <>
      <Status tone={same ? "good" : "warn"}>
        {same ? words.fileSame(name) : words.fileDiffers(name)}
      </Status>
      <Text size="sm" c="dimmed">
        {words.fileApplied(file.by.name ?? file.by.kind)}, <Time value={file.at} />
      </Text>
    </>
  );
}

function Changes({ file }: { readonly file: File }) {
  const words = t.apps.settings;
  return (
    <>
      <Text fw={600}>{words.fileChanges}</Text>
      <List size="sm" spacing={4}>
        {file.changes.map((change) => {
          const fields = change.changes.map(({ field }) => field.replace(/^\//, ""));
          const more = fields.length > SHOWN_FIELDS ? ", …" : "";
          const named = change.kind === "changed" ? fields.slice(0, SHOWN_FIELDS).join(", ") : "";
          const kind = words.fileKinds[change.kind];
          return (
            <List.Item key={`${change.screen}-${change.subjectId}-${change.subjectName}`}>
              <Text span fw={500}>
                {words.fileScreens[change.screen]}
              </Text>{" "}
              <Text span className="foreign">
                {words.fileChange(change.subjectName, kind, named + more)}
              </Text>
            </List.Item>
          );
        })}
      </List>
    </>
  );
}
