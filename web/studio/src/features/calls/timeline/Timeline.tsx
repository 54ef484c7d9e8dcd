/** A call's timeline. */

import { Button, Chip, Group } from "@mantine/core";
import { memo, useState } from "react";

import { t } from "../../../texts/index.ts";
import { clockTime, exactTime, figure } from "../../../ui/time.ts";
import { countsOf, GROUPS, groupOf, type Item, type Group as Kind, toneOf } from "./items.ts";
import classes from "./timeline.module.css";
import { What } from "./What.tsx";

interface TimelineProps {
  readonly appId: string;
  readonly callId: string;
  readonly startedAt: string;
  readonly items: readonly Item[];
  /** What is left out. */
  readonly hidden: readonly Kind[];
  readonly onHide: (hidden: Kind[] | undefined) => void;
}

/** Entries that are drawn before it is asked for more. */
const STEP = 150;

export function Timeline({ appId, callId, startedAt, items, hidden, onHide }: TimelineProps) {
  const [most, setMost] = useState(STEP);
  const start = Date.parse(startedAt);
  const counts = countsOf(items);
  const shown = items.filter((item) => !hidden.includes(groupOf(item)));
  const words = t.timeline;
  return (
    <>
      <Chip.Group
        multiple
        value={GROUPS.filter((kind) => !hidden.includes(kind))}
        onChange={(kinds) => {
          const left = GROUPS.filter((kind) => !kinds.includes(kind));
          onHide(left.length === 0 ? undefined : left);
        }}
      >
        <Group gap={6} mb="md" role="group" aria-label={words.show}>
          {GROUPS.filter((kind) => counts.has(kind)).map((kind) => (
            <Chip key={kind} value={kind} size="xs" variant="outline">
              {words.groups[kind]} · {figure(counts.get(kind) ?? 0)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <ol className={classes.timeline}>
        {shown.slice(0, most).map((item) => (
          <Entry key={item.key} appId={appId} callId={callId} item={item} start={start} />
        ))}
      </ol>
      {shown.length > most && (
        <Group justify="center" mt="md">
          <Button variant="default" size="xs" onClick={() => setMost(most + STEP)}>
            {words.more(figure(shown.length - most))}
          </Button>
        </Group>
      )}
    </>
  );
}

interface EntryProps {
  readonly appId: string;
  readonly callId: string;
  readonly item: Item;
  readonly start: number;
}

const Entry = memo(function Entry({ appId, callId, item, start }: EntryProps) {
  return (
    <li className={classes.entry} data-tone={toneOf(item)}>
      <div className={classes.when}>
        <time dateTime={item.at} title={exactTime(item.at)}>
          {clockTime(item.at)}
        </time>
        <span className={classes.offset}>{offset(item.atMicros / 1_000 - start)}</span>
      </div>
      <div className={classes.what}>
        <What appId={appId} callId={callId} what={item.what} />
      </div>
    </li>
  );
});

/** Seconds since the call began. */
function offset(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1_000).toFixed(3)} s`;
}
