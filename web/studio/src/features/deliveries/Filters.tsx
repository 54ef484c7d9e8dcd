/** The filters of the delivery log. */

import { EVENT_NAMES } from "@bellpush/protocol";
import { Group, MultiSelect, Select } from "@mantine/core";

import { t } from "../../texts/index.ts";
import { Instant, Typed } from "../../ui/list/filters.tsx";
import { type DeliverySearch, STATUSES } from "./search.ts";

interface FiltersProps {
  readonly search: DeliverySearch;
  readonly go: (patch: DeliverySearch) => void;
}

export function Filters({ search, go }: FiltersProps) {
  const words = t.deliveries;
  return (
    <Group gap="sm" align="flex-end" role="search" aria-label={t.ui.filters}>
      <MultiSelect
        label={words.status}
        clearable
        miw={160}
        data={STATUSES.map((value) => ({ value, label: words.statuses[value] }))}
        value={search.status ?? []}
        onChange={(values) => {
          const status = STATUSES.filter((one) => values.includes(one));
          go({ status: status.length === 0 ? undefined : status });
        }}
      />
      <Select
        label={words.event}
        clearable
        searchable
        w={170}
        data={[...new Set([...EVENT_NAMES, ...(search.name === undefined ? [] : [search.name])])]}
        value={search.name ?? null}
        onChange={(name) => go({ name: name ?? undefined })}
      />
      <Typed
        label={words.find}
        placeholder={words.findHint}
        value={search.call ?? search.event ?? search.context}
        onChange={(typed) => go(foundBy(typed))}
      />
      <Instant label={t.ui.from} value={search.from} onChange={(from) => go({ from })} />
      <Instant label={t.ui.to} value={search.to} onChange={(to) => go({ to })} />
    </Group>
  );
}

/** What was typed names a call, an event, or something of the context. */
function foundBy(typed: string | undefined): DeliverySearch {
  const none = { call: undefined, event: undefined, context: undefined };
  if (typed === undefined) return none;
  if (typed.startsWith("call_")) return { ...none, call: typed };
  return typed.includes(":") ? { ...none, context: typed } : { ...none, event: typed };
}
