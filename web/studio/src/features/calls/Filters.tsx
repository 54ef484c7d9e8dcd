/** The filters of the list of calls. */

import { ERROR_CODES } from "@bellpush/protocol";
import { Select } from "@mantine/core";

import { t } from "../../texts/index.ts";
import { Instant, Typed } from "../../ui/filters.tsx";
import classes from "../../ui/ui.module.css";
import { useProfiles } from "../profiles/queries.ts";
import { CALL_STATES, type CallSearch, GRADES } from "./search.ts";

interface FiltersProps {
  readonly appId: string;
  readonly search: CallSearch;
  readonly go: (patch: CallSearch) => void;
}

export function Filters({ appId, search, go }: FiltersProps) {
  const words = t.calls;
  const profiles = useProfiles(appId).data?.items ?? [];
  return (
    <search className={classes.filters} aria-label={t.ui.filters}>
      <Typed
        label={words.filterContext}
        placeholder={words.filterContextHint}
        value={search.context}
        onChange={(context) => go({ context })}
      />
      <Select
        label={words.outcome}
        clearable
        w={170}
        data={[
          {
            group: words.outcome,
            items: CALL_STATES.map((value) => ({ value, label: words.states[value] })),
          },
          {
            group: words.failures,
            items: ERROR_CODES.map((value) => ({
              value,
              label: words.errors[value]?.[0] ?? value,
            })),
          },
        ]}
        value={search.errorCode ?? search.state ?? null}
        onChange={(value) =>
          go({
            state: CALL_STATES.find((state) => state === value),
            errorCode: ERROR_CODES.find((code) => code === value),
          })
        }
      />
      <Select
        label={words.profile}
        clearable
        w={150}
        data={profiles.map((profile) => ({ value: profile.id, label: profile.name }))}
        value={search.profileId ?? null}
        onChange={(profileId) => go({ profileId: profileId ?? undefined })}
      />
      <Select
        label={words.quality}
        clearable
        w={120}
        data={GRADES.map((value) => ({ value, label: words.grades[value] }))}
        value={search.quality ?? null}
        onChange={(value) => go({ quality: GRADES.find((grade) => grade === value) })}
      />
      <Instant label={t.ui.from} value={search.from} onChange={(from) => go({ from })} />
      <Instant label={t.ui.to} value={search.to} onChange={(to) => go({ to })} />
    </search>
  );
}
