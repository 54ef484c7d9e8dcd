/** Publishing: what differs from what visitors see, with a note; what has to be mended is named. */

import {
  Alert,
  Anchor,
  Button,
  Group,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../../../api/client.ts";
import { asProblem, type Problem } from "../../../api/problem.ts";
import { isSame } from "../../../editor/merge.ts";
import { t } from "../../../texts/index.ts";
import { Modal } from "../../../ui/dialogs.tsx";
import { done } from "../../../ui/notify.ts";
import { Loaded } from "../../../ui/states.tsx";
import { shortTime } from "../../../ui/time.ts";
import type { Design } from "../core/document.ts";
import { readPublished, refreshVersions } from "../queries.ts";
import { DiffView } from "./DiffView.tsx";
import classes from "./publish.module.css";

interface PublishDialogProps {
  readonly appId: string;
  readonly document: Design;
  /** The revision that is looked at: another one is not published. */
  readonly revision: string;
  readonly onGo: (pointer: string) => void;
  readonly onClose: () => void;
}

export default function PublishDialog(props: PublishDialogProps) {
  const { appId, document, revision, onGo, onClose } = props;
  const words = t.design.publishing;
  const [note, setNote] = useState("");
  const [isLater, setLater] = useState(false);
  const [at, setAt] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const published = useQuery({
    queryKey: ["design", "published", appId],
    queryFn: async () => ({ document: await readPublished(appId) }),
    staleTime: 0,
    gcTime: 0,
  });
  const isNothing = published.data?.document != null && isSame(published.data.document, document);
  const publish = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const params = { path: { appId }, header: { "If-Match": revision } };
      if (isLater) {
        const publishAt = new Date(at).toISOString();
        await client.PUT("/v1/apps/{appId}/design/schedule", { params, body: { note, publishAt } });
        done(words.scheduled(shortTime(publishAt)));
      } else {
        const { data } = await client.POST("/v1/apps/{appId}/design/publish", {
          params,
          body: { note },
        });
        done(words.done(data?.version ?? 0));
      }
      await refreshVersions();
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={words.title}>
      <form onSubmit={publish}>
        <Stack>
          <Text>{words.lead}</Text>
          <Loaded query={published}>
            {({ document: before }) =>
              before === null ? (
                <Text c="dimmed">{words.first}</Text>
              ) : isNothing ? (
                <Text c="dimmed">{words.nothing}</Text>
              ) : (
                <DiffView before={before} after={document} />
              )
            }
          </Loaded>
          {problem !== null && <Faults problem={problem} onGo={onGo} />}
          <TextInput
            label={words.note}
            description={words.noteHint}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <SegmentedControl
            aria-label={words.when}
            value={isLater ? "later" : "now"}
            onChange={(value) => setLater(value === "later")}
            data={[
              { value: "now", label: words.now },
              { value: "later", label: words.later },
            ]}
          />
          {isLater && (
            <TextInput
              type="datetime-local"
              max="9999-12-31T23:59"
              label={words.at}
              description={words.atHint}
              required
              value={at}
              onChange={(event) => setAt(event.currentTarget.value)}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button
              type="submit"
              loading={isBusy}
              disabled={
                published.data === undefined || (isLater ? Number.isNaN(Date.parse(at)) : isNothing)
              }
            >
              {isLater ? words.schedule : words.act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface FaultsProps {
  readonly problem: Problem;
  readonly onGo: (pointer: string) => void;
}

function Faults({ problem, onGo }: FaultsProps) {
  const words = t.design.publishing;
  const faults =
    problem.errors.length > 0
      ? problem.errors
      : [{ pointer: problem.pointer ?? "", detail: problem.message }];
  return (
    <Alert icon={<IconAlertTriangle size={18} />} color="red" title={words.faults} role="alert">
      <ul className={classes.faults}>
        {faults.map(({ pointer, detail }) => (
          <li key={`${pointer} ${detail}`}>
            <span className="foreign">{detail}</span>{" "}
            {pointer !== "" && (
              <Anchor component="button" type="button" size="sm" onClick={() => onGo(pointer)}>
                {words.goThere}
              </Anchor>
            )}
          </li>
        ))}
      </ul>
    </Alert>
  );
}
