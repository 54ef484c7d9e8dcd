/** Takes public holidays over into the exceptions of hours. */

import { Button, Checkbox, Group, MultiSelect, Select, Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { api } from "../../api/client.ts";
import type { HolidayCountries, HoursException } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Modal } from "../../ui/dialogs.tsx";
import { Failed, Loaded } from "../../ui/states.tsx";
import { countryName, likelyCountry, type Offered, offered, withHolidays } from "./holidays.ts";
import classes from "./hours.module.css";

interface HolidaysDialogProps {
  readonly exceptions: readonly HoursException[];
  readonly onAdd: (exceptions: HoursException[]) => void;
  readonly onClose: () => void;
}

export default function HolidaysDialog(props: HolidaysDialogProps) {
  const countries = api.useQuery("get", "/v1/holidays");
  return (
    <Modal opened onClose={props.onClose} size="lg" title={t.hours.holidays.title}>
      <Loaded query={countries} rows={5}>
        {(known) => <Chooser {...props} known={known} />}
      </Loaded>
    </Modal>
  );
}

const NOBODY: readonly string[] = [];

function Chooser({
  known,
  exceptions,
  onAdd,
  onClose,
}: HolidaysDialogProps & { readonly known: HolidayCountries }) {
  const words = t.hours.holidays;
  const [country, setCountry] = useState(() => likelyCountry(navigator.languages, known.items));
  const [region, setRegion] = useState("");
  const [years, setYears] = useState(() => usualYears(known));
  const [left, setLeft] = useState(NOBODY);
  const calendars = useQueries({
    queries: years.map((year) =>
      api.queryOptions(
        "get",
        "/v1/holidays/{country}",
        { params: { path: { country: country ?? "" }, query: { year: Number(year) } } },
        { enabled: country !== null, staleTime: Number.POSITIVE_INFINITY },
      ),
    ),
  });
  const failed = calendars.find(({ error }) => error !== null);
  const regions = calendars.find(({ data }) => data !== undefined)?.data?.regions ?? [];
  const days = calendars.flatMap(({ data }) => data?.items ?? []);
  const all = offered(days, region, exceptions);
  const chosen = all.filter(({ date, taken }) => taken === undefined && !left.includes(date));
  const data = useMemo(() => choices(known), [known]);
  const add = () => {
    onAdd(withHolidays(exceptions, chosen));
    onClose();
  };
  return (
    <Stack>
      <Text c="dimmed">{words.lead}</Text>
      <div className={classes.holidays}>
        <Select
          label={words.country}
          placeholder={words.choose}
          searchable
          data={data.countries}
          value={country}
          onChange={(next) => {
            setCountry(next);
            setRegion("");
            setLeft(NOBODY);
          }}
        />
        <Select
          label={words.region}
          searchable
          allowDeselect={false}
          disabled={regions.length === 0}
          data={[
            { value: "", label: words.noRegion },
            ...regions.map(({ code, name }) => ({ value: code, label: name })),
          ]}
          value={region}
          onChange={(next) => setRegion(next ?? "")}
        />
        <MultiSelect
          label={words.years}
          data={data.years}
          value={[...years]}
          onChange={(next) => setYears([...next].sort())}
        />
      </div>
      {country !== null &&
        (failed !== undefined ? (
          <Failed error={failed.error} retry={() => void failed.refetch()} />
        ) : (
          <Preview
            all={all}
            left={left}
            loading={calendars.some(({ isPending }) => isPending)}
            onLeave={setLeft}
          />
        ))}
      <Text size="xs" c="dimmed">
        {words.source}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t.ui.cancel}
        </Button>
        <Button onClick={add} disabled={chosen.length === 0}>
          {words.add(chosen.length)}
        </Button>
      </Group>
    </Stack>
  );
}

interface PreviewProps {
  readonly all: readonly Offered[];
  /** The dates that are not wanted. */
  readonly left: readonly string[];
  readonly loading: boolean;
  readonly onLeave: (left: readonly string[]) => void;
}

function Preview({ all, left, loading, onLeave }: PreviewProps) {
  const words = t.hours.holidays;
  if (all.length === 0) {
    return <Text c="dimmed">{loading ? t.ui.loading : words.none}</Text>;
  }
  const free = all.filter(({ taken }) => taken === undefined).map(({ date }) => date);
  const wanted = free.filter((date) => !left.includes(date)).length;
  return (
    <fieldset className={classes.preview}>
      <legend>{words.preview}</legend>
      <Checkbox
        label={words.all(free.length)}
        checked={free.length > 0 && wanted === free.length}
        indeterminate={wanted > 0 && wanted < free.length}
        disabled={free.length === 0}
        onChange={(event) => onLeave(event.currentTarget.checked ? [] : free)}
      />
      <ul className={classes.days}>
        {all.map(({ date, name, taken }) => (
          <li key={date}>
            <Checkbox
              label={
                <span className="foreign">
                  <time dateTime={date}>{dayOf(date)} </time>
                  {name}
                </span>
              }
              description={taken === undefined ? undefined : words.taken(taken.label)}
              disabled={taken !== undefined}
              checked={taken === undefined && !left.includes(date)}
              onChange={(event) =>
                onLeave(
                  event.currentTarget.checked
                    ? left.filter((one) => one !== date)
                    : [...left, date],
                )
              }
            />
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

/** This year and the next, as far as they are known. */
function usualYears({ firstYear, lastYear }: HolidayCountries): readonly string[] {
  const year = new Date().getFullYear();
  return [year, year + 1].filter((one) => one >= firstYear && one <= lastYear).map(String);
}

function choices({ items, firstYear, lastYear }: HolidayCountries) {
  const byName = (one: { readonly label: string }, other: { readonly label: string }) =>
    one.label.localeCompare(other.label, "en");
  return {
    countries: items.map((code) => ({ value: code, label: countryName(code) })).sort(byName),
    years: Array.from({ length: lastYear - firstYear + 1 }, (_, at) => String(firstYear + at)),
  };
}

const DAY = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/** A date is no moment: it is the same in every time zone. */
const dayOf = (date: string): string => DAY.format(new Date(`${date}T00:00:00Z`));
