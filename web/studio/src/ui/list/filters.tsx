/** Fields of filters. */

import { TextInput } from "@mantine/core";

import { viewerZone } from "../time.ts";
import { useTyped } from "../useTyped.ts";
import { instantOf, wallClockOf } from "../zones.ts";

interface FieldProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

export function Typed({ label, placeholder, value, onChange }: FieldProps) {
  const typed = useTyped(value ?? "", (text) => {
    const next = text.trim() === "" ? undefined : text.trim();
    if (next !== value) onChange(next);
  });
  return <TextInput label={label} placeholder={placeholder} w={230} {...typed} />;
}

interface InstantProps extends FieldProps {
  /** Whose clock it is; the viewer's unless another one is named. */
  readonly timeZone?: string;
}

export function Instant({ label, value, onChange, timeZone = viewerZone }: InstantProps) {
  const shown = value === undefined ? "" : wallClockOf(value, timeZone);
  const typed = useTyped(shown, (clock) => onChange(instantOf(clock, timeZone) ?? undefined));
  return (
    <TextInput type="datetime-local" w={196} label={label} max="9999-12-31T23:59" {...typed} />
  );
}
