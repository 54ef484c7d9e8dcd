/** How long the parts of a request took, one below the other. */

import { Text } from "@mantine/core";

import type { Timing } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import classes from "./timing.module.css";
import { milliseconds, phases } from "./timing.ts";

export function TimingChart({ timing }: { readonly timing: Timing }) {
  const words = t.deliveries.timing;
  const parts = phases(timing);
  const last = parts.at(-1);
  const total = Math.max(1, last === undefined ? 0 : last.start + last.length);
  return (
    <div>
      <dl className={classes.parts} aria-label={words.title}>
        {parts.map(({ part, start, length }) => (
          <div key={part} className={classes.part}>
            <dt>{words.parts[part]}</dt>
            <dd>{milliseconds(length)}</dd>
            <span className={classes.track} aria-hidden>
              <span
                className={classes.bar}
                style={{
                  insetInlineStart: `${(start / total) * 100}%`,
                  inlineSize: `${(length / total) * 100}%`,
                }}
              />
            </span>
          </div>
        ))}
      </dl>
      <Text size="xs" c="dimmed" mt={4}>
        {timing.reused ? words.reused : words.opened}
      </Text>
    </div>
  );
}
