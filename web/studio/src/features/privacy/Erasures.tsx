/** Erasures, with what became of each. */

import { Progress, Stack, Text } from "@mantine/core";

import type { ErasureView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { figure } from "../../ui/time.ts";
import classes from "./privacy.module.css";
import { useErasures } from "./queries.ts";
import { SentTo } from "./SentTo.tsx";

const KINDS = [
  "sessions",
  "calls",
  "events",
  "surveys",
  "callbacks",
  "records",
  "deliveries",
  "attempts",
  "exports",
] as const;

export function Erasures({ appId }: { readonly appId: string }) {
  const erasures = useErasures(appId);
  const words = t.privacy.erasures;
  return (
    <Section title={words.title} lead={words.lead}>
      <Loaded query={erasures} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">{words.none}</Text>
          ) : (
            <ul className={classes.list} aria-label={words.title}>
              {items.map((one) => (
                <li key={one.id} className={classes.one}>
                  <One erasure={one} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function One({ erasure }: { readonly erasure: ErasureView }) {
  const words = t.privacy.erasures;
  const { erased } = erasure;
  const gone = KINDS.filter((kind) => erased[kind] > 0).map((kind) =>
    words.kinds[kind](figure(erased[kind])),
  );
  return (
    <Stack gap={4}>
      <Text fw={500} component="div">
        <Time value={erasure.createdAt} />
        {erasure.requestedBy.name != null && (
          <Text span c="dimmed" className="foreign">
            {" "}
            {words.by(erasure.requestedBy.name)}
          </Text>
        )}
      </Text>
      {erasure.state === "running" ? (
        <>
          <Progress
            aria-label={words.running}
            value={erasure.sessions === 0 ? 100 : (100 * erasure.done) / erasure.sessions}
            size="sm"
            animated
          />
          <Text size="sm">{words.of(figure(erasure.done), figure(erasure.sessions))}</Text>
        </>
      ) : (
        <Status tone="good">{erasure.repeated ? words.repeated : words.done}</Status>
      )}
      {gone.length > 0 && <Text size="sm">{words.gone(gone.join(", "))}</Text>}
      {erasure.sentTo.length > 0 && <SentTo to={erasure.sentTo} title={words.ask} />}
    </Stack>
  );
}
