/** Fields of filters. */

import { TextInput } from "@mantine/core";
import { useEffect, useState } from "react";

import { viewerZone } from "../time.ts";
import { instantOf, wallClockOf } from "../zones.ts";

interface FieldProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** Asked for when it is complete, not at each letter. */
export function Typed({ label, placeholder, value, onChange }: FieldProps) {
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const submit = () => {
    const next = text.trim() === "" ? undefined : text.trim();
    if (next !== value) onChange(next);
  };
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      w={230}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={submit}
      onKeyDown={(event) => {
        if (event.key === "Enter") submit();
      }}
    />
  );
}

export function Instant({ label, value, onChange }: FieldProps) {
  return (
    <TextInput
      type="datetime-local"
      w={196}
      label={label}
      value={value === undefined ? "" : wallClockOf(value, viewerZone)}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        onChange(typed === "" ? undefined : instantOf(typed, viewerZone));
      }}
    />
  );
}
