/** What a button does, with what it acts on. */

import type { design, Json } from "@bellpush/protocol";
import { Select, Stack, Textarea, TextInput } from "@mantine/core";

import { t } from "../../../texts/index.ts";
import { useWritten } from "../../../ui/useWritten.ts";
import { isRecord } from "../core/document.ts";

type Effect = design.ButtonEffect;

const BLANK: { readonly [A in Effect["action"]]: Effect } = {
  link: { action: "link", url: "https://" },
  copy: { action: "copy", text: "" },
  call_phone: { action: "call_phone", number: "+" },
  email: { action: "email", address: "" },
  emit: { action: "emit", name: "my_event", data: {} },
};

interface EffectEditProps {
  readonly effect: Effect;
  readonly onChange: (effect: Effect, run?: string) => void;
  readonly onSeal: () => void;
}

export function EffectEdit({ effect, onChange, onSeal }: EffectEditProps) {
  const words = t.design.panel;
  return (
    <Stack gap="sm">
      <Select
        label={words.fields.effect}
        allowDeselect={false}
        data={Object.entries(words.effects).map(([value, label]) => ({ value, label }))}
        value={effect.action}
        onChange={(action) => onChange(BLANK[action as Effect["action"]])}
      />
      <Target effect={effect} onChange={onChange} onSeal={onSeal} />
    </Stack>
  );
}

function Target({ effect, onChange, onSeal }: EffectEditProps) {
  const words = t.design.panel.fields;
  const line = (label: string, value: string, make: (value: string) => Effect) => (
    <TextInput
      label={label}
      value={value}
      onChange={(event) => onChange(make(event.currentTarget.value), `effect ${effect.action}`)}
      onBlur={onSeal}
    />
  );
  switch (effect.action) {
    case "link":
      return line(words.url, effect.url, (url) => ({ ...effect, url }));
    case "copy":
      return line(words.copy, effect.text, (text) => ({ ...effect, text }));
    case "call_phone":
      return line(words.number, effect.number, (number) => ({ ...effect, number }));
    case "email":
      return line(words.address, effect.address, (address) => ({ ...effect, address }));
    case "emit":
      return (
        <>
          {line(words.event, effect.name, (name) => ({ ...effect, name }))}
          <EventData
            data={effect.data}
            onChange={(data) => onChange({ ...effect, data }, "effect data")}
          />
        </>
      );
  }
}

type Data = { readonly [key: string]: Json };

/** As it is typed, until it is JSON. */
function EventData({
  data,
  onChange,
}: {
  readonly data: Data;
  readonly onChange: (data: Data) => void;
}) {
  const [text, setText] = useWritten(data, {
    write: (value) => JSON.stringify(value, null, 2),
    read,
  });
  const isGood = read(text) !== null;
  return (
    <Textarea
      label={t.design.panel.fields.data}
      autosize
      minRows={2}
      maxRows={10}
      classNames={{ input: "mono" }}
      value={text}
      error={isGood ? undefined : t.design.panel.fields.dataFault}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        const next = read(value);
        if (next !== null) onChange(next);
      }}
    />
  );
}

function read(text: string): Data | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? (value as Data) : null;
  } catch {
    return null;
  }
}
