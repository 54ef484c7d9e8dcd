/** "Does the widget work in this page?", answered by the server, check by check. */

import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";

import { api } from "../../../api/client.ts";
import type { EmbedCheckView, FindingView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Status, type Tone } from "../../../ui/Status.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import { Permitted } from "../../people/Permitted.tsx";
import { may, useMe } from "../../people/queries.ts";
import classes from "./embed.module.css";

const SCOPE = "settings:write";

interface CheckerProps {
  readonly appId: string;
  /** The page that is looked at. */
  readonly page: string | undefined;
  readonly onPage: (page: string | undefined) => void;
}

export function Checker({ appId, page, onPage }: CheckerProps) {
  const words = t.apps.embed.check;
  const me = useMe().data;
  const [typed, setTyped] = useState(page ?? "");
  const permitted = me !== undefined && may(me, SCOPE, appId);
  const check = api.useQuery(
    "post",
    "/v1/apps/{appId}/embed-checks",
    { params: { path: { appId } }, body: { url: page ?? "" } },
    {
      enabled: page !== undefined && permitted,
      // Each one is a request to somebody's server: only when it is asked for.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnReconnect: false,
      retry: false,
    },
  );

  function ask(event: FormEvent) {
    event.preventDefault();
    if (!permitted) return;
    const address = withScheme(typed.trim());
    setTyped(address);
    if (address !== "" && address === page) {
      void check.refetch();
    } else {
      onPage(address === "" ? undefined : address);
    }
  }

  return (
    <Section title={words.title} lead={words.lead}>
      <Stack>
        <form onSubmit={ask}>
          <Group align="flex-end" gap="sm">
            <TextInput
              label={words.page}
              placeholder="https://shop.example/contact"
              type="text"
              inputMode="url"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              style={{ flex: "1 1 16rem" }}
            />
            <Permitted scope={SCOPE} appId={appId}>
              <Button type="submit" loading={check.isFetching}>
                {words.act}
              </Button>
            </Permitted>
          </Group>
        </form>
        {page !== undefined && permitted && (
          <div aria-live="polite">
            <Loaded query={check}>{(answer) => <Findings answer={answer} />}</Loaded>
          </div>
        )}
      </Stack>
    </Section>
  );
}

/** What is typed without a scheme is meant to be a secure page. */
const withScheme = (typed: string) =>
  typed === "" || /^[a-z][a-z0-9+.-]*:/i.test(typed) ? typed : `https://${typed}`;

const TONES: Readonly<Record<FindingView["verdict"], Tone>> = {
  fail: "bad",
  unknown: "warn",
  pass: "good",
};

function Findings({ answer }: { readonly answer: EmbedCheckView }) {
  const words = t.apps.embed.check;
  const of = (verdict: FindingView["verdict"]) =>
    answer.findings.filter((finding) => finding.verdict === verdict);
  const failed = of("fail").length;
  return (
    <Stack gap="xs">
      <Text fw={600} size="lg">
        <Status tone={answer.ok ? "good" : "bad"}>
          {answer.ok ? words.works : words.faults(failed)}
        </Status>
      </Text>
      <Text c="dimmed" size="sm" className="foreign">
        {answer.documents.length > 0 && `${answer.documents.join(" → ")} · `}
        <Time value={answer.checkedAt} />
      </Text>
      <ul className={classes.findings}>
        {(["fail", "unknown", "pass"] as const).flatMap(of).map((finding) => (
          <Finding key={finding.check} finding={finding} />
        ))}
      </ul>
    </Stack>
  );
}

function Finding({
  finding: { check, verdict, owner, sentence, fix },
}: {
  readonly finding: FindingView;
}) {
  const words = t.apps.embed.check;
  return (
    <li className={classes.finding}>
      <Group gap="sm" justify="space-between" align="baseline">
        <Text fw={600}>
          <Status tone={TONES[verdict]}>{words.checks[check]}</Status>
        </Text>
        <Text size="sm" c="dimmed">
          {words.verdicts[verdict]}
          {verdict !== "pass" && ` · ${words.owners[owner]}`}
        </Text>
      </Group>
      <Text size="sm" className="foreign" mt={2}>
        {sentence}
      </Text>
      {fix != null && (
        <Stack gap={4} mt="xs">
          <Code text={fix} label={words.fix(words.checks[check])} />
        </Stack>
      )}
    </li>
  );
}
