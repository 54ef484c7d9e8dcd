/** The filters of the list of calls. */

import { ERROR_CODES } from "@bellpush/protocol";
import { Button, NumberInput, Select } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { useState } from "react";

import { t } from "../../texts/index.ts";
import { Instant, Typed } from "../../ui/list/filters.tsx";
import classes from "../../ui/ui.module.css";
import { useProfiles } from "../profiles/queries.ts";
import { CALL_STATES, type CallFilter, GRADES, RATINGS, REASONS } from "./search.ts";

interface FiltersProps {
  readonly appId: string;
  readonly search: CallFilter;
  readonly go: (patch: CallFilter) => void;
}

/** Those that are looked for less often. */
const MORE = ["answeredBy", "reason", "rating", "minDuration", "maxDuration", "preview"] as const;

export function Filters({ appId, search, go }: FiltersProps) {
  const words = t.calls;
  const profiles = useProfiles(appId).data?.items ?? [];
  const names = profiles.map((profile) => ({ value: profile.id, label: profile.name }));
  const isUsed = MORE.some((name) => search[name] !== undefined);
  const [isOpen, setOpen] = useState(isUsed);
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
        data={names}
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
      <Button
        variant="subtle"
        className={classes.besideFields}
        leftSection={<IconAdjustmentsHorizontal size={16} stroke={1.6} />}
        aria-expanded={isOpen || isUsed}
        onClick={() => setOpen(!isOpen)}
        disabled={isUsed}
      >
        {isOpen || isUsed ? t.ui.fewerFilters : t.ui.moreFilters}
      </Button>
      {(isOpen || isUsed) && <More search={search} go={go} profiles={names} />}
    </search>
  );
}

interface MoreProps extends Omit<FiltersProps, "appId"> {
  readonly profiles: { value: string; label: string }[];
}

function More({ search, go, profiles }: MoreProps) {
  const words = t.calls;
  return (
    <>
      <Select
        label={words.answeredBy}
        clearable
        w={150}
        data={profiles}
        value={search.answeredBy ?? null}
        onChange={(answeredBy) => go({ answeredBy: answeredBy ?? undefined })}
      />
      <Select
        label={words.reason}
        clearable
        w={150}
        data={REASONS.map((value) => ({ value, label: words.endedBy[value] }))}
        value={search.reason ?? null}
        onChange={(value) => go({ reason: REASONS.find((reason) => reason === value) })}
      />
      <Select
        label={words.rating}
        clearable
        w={110}
        data={RATINGS.map((stars) => ({ value: String(stars), label: words.stars(stars) }))}
        value={search.rating === undefined ? null : String(search.rating)}
        onChange={(value) => go({ rating: RATINGS.find((stars) => String(stars) === value) })}
      />
      <Seconds
        label={words.minDuration}
        value={search.minDuration}
        onChange={(minDuration) => go({ minDuration })}
      />
      <Seconds
        label={words.maxDuration}
        value={search.maxDuration}
        onChange={(maxDuration) => go({ maxDuration })}
      />
      <Select
        label={words.whose}
        clearable
        w={150}
        data={[
          { value: "visitors", label: words.visitors },
          { value: "previews", label: words.previews },
        ]}
        value={search.preview === undefined ? null : search.preview ? "previews" : "visitors"}
        onChange={(value) => go({ preview: value === null ? undefined : value === "previews" })}
      />
    </>
  );
}

interface SecondsProps {
  readonly label: string;
  readonly value: number | undefined;
  readonly onChange: (value: number | undefined) => void;
}

/** The longest that a call may be, in seconds: a day. */
const DAY = 86_400;

function Seconds({ label, value, onChange }: SecondsProps) {
  return (
    <NumberInput
      label={label}
      w={130}
      min={0}
      max={DAY}
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
      value={value ?? ""}
      onChange={(next) => onChange(typeof next === "number" ? next : undefined)}
    />
  );
}
