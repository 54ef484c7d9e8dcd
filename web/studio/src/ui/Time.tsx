/** A time in the viewer's zone, with the exact one on hover. */

import { Tooltip } from "@mantine/core";

import { ago, exactTime, shortTime } from "./time.ts";

interface TimeProps {
  readonly value: string;
  readonly relative?: boolean;
}

export function Time({ value, relative = false }: TimeProps) {
  return (
    <Tooltip label={exactTime(value)}>
      <time dateTime={value}>{relative ? ago(value) : shortTime(value)}</time>
    </Tooltip>
  );
}
