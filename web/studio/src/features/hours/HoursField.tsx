/** Business hours as one value, for an app or a profile. */

import { Button, Group, Select, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCalendarPlus } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";

import type { BusinessHours, HoursException } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Rows, without, withRow } from "../../ui/Rows.tsx";
import { todayIn } from "../../ui/zones.ts";
import classes from "./hours.module.css";
import { DAYS, NEW_HOURS } from "./times.ts";
import { WeekGrid, WindowsInput } from "./WeekGrid.tsx";

interface HoursFieldProps {
  readonly hours: BusinessHours;
  readonly onChange: (hours: BusinessHours) => void;
  /** The form's path of the value. */
  readonly path: string;
  readonly faults: Readonly<Record<string, unknown>>;
}

const HolidaysDialog = lazy(() => import("./HolidaysDialog.tsx"));

const ZONES = [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];

export function HoursField(props: HoursFieldProps) {
  const { hours, onChange, path, faults } = props;
  // Round the clock there are no windows; who goes back to a week finds the one that was there.
  const [week, setWeek] = useState(() =>
    hours.alwaysOpen ? NEW_HOURS(hours.timeZone).week : hours.week,
  );
  const roundTheClock = (alwaysOpen: boolean): BusinessHours => {
    if (alwaysOpen && !hours.alwaysOpen) setWeek(hours.week);
    return { ...hours, alwaysOpen, week: alwaysOpen ? NO_WEEK : week };
  };
  const zones = ZONES.includes(hours.timeZone) ? ZONES : [hours.timeZone, ...ZONES];
  return (
    <Stack gap="lg">
      <Group align="flex-end" gap="lg">
        <Select
          label={t.hours.zone}
          data={zones}
          searchable
          allowDeselect={false}
          value={hours.timeZone}
          data-path={`${path}.timeZone`}
          error={faults[`${path}.timeZone`] as string | undefined}
          onChange={(timeZone) => timeZone !== null && onChange({ ...hours, timeZone })}
          w={280}
        />
        <Switch
          label={t.hours.roundTheClock}
          checked={hours.alwaysOpen ?? false}
          onChange={(event) => onChange(roundTheClock(event.currentTarget.checked))}
          mb={8}
        />
      </Group>
      {!hours.alwaysOpen && (
        <div>
          <Title order={3}>{t.hours.week}</Title>
          <Text c="dimmed" size="sm" mb="sm">
            {t.hours.weekLead}
          </Text>
          <WeekGrid {...props} />
        </div>
      )}
      <Exceptions {...props} />
    </Stack>
  );
}

const NO_WEEK = Object.fromEntries(DAYS.map((day) => [day, []]));

function Exceptions({ hours, onChange, path, faults }: HoursFieldProps) {
  const all = hours.exceptions ?? [];
  const [isOpen, holidays] = useDisclosure(false);
  const set = (exceptions: HoursException[]) => onChange({ ...hours, exceptions });
  const change = (exception: HoursException, index: number, patch: Partial<HoursException>) =>
    set(withRow(all, index, { ...exception, ...patch }));
  return (
    <div>
      <Group justify="space-between" align="flex-start" mb="sm">
        <div>
          <Title order={3}>{t.hours.exceptions}</Title>
          <Text c="dimmed" size="sm">
            {all.length === 0 ? t.hours.noExceptions : t.hours.exceptionsLead}
          </Text>
        </div>
        <Button
          variant="default"
          leftSection={<IconCalendarPlus size={16} stroke={1.6} />}
          onClick={holidays.open}
        >
          {t.hours.holidays.act}
        </Button>
      </Group>
      <Suspense>
        {isOpen && <HolidaysDialog exceptions={all} onAdd={set} onClose={holidays.close} />}
      </Suspense>
      <Stack gap="xs">
        <Rows
          count={all.length}
          name={t.hours.exception}
          className={classes.exception}
          onRemove={(index) => set(without(all, index))}
          onAdd={() => set([...all, { date: todayIn(hours.timeZone), label: "", windows: [] }])}
          add={t.hours.addException}
        >
          {(index, name) => {
            const exception = all[index];
            if (exception === undefined) return null;
            const place = `${path}.exceptions.${index}`;
            return (
              <>
                <TextInput
                  aria-label={`${name}: ${t.hours.label}`}
                  placeholder={t.hours.labelHint}
                  value={exception.label}
                  data-path={place}
                  error={faults[place] as string | undefined}
                  onChange={(event) =>
                    change(exception, index, { label: event.currentTarget.value })
                  }
                />
                <TextInput
                  type="date"
                  aria-label={`${name}: ${t.hours.date}`}
                  data-path={`${place}.date`}
                  error={faults[`${place}.date`] as string | undefined}
                  value={exception.date}
                  onChange={(event) =>
                    change(exception, index, { date: event.currentTarget.value })
                  }
                />
                <TextInput
                  type="date"
                  aria-label={`${name}: ${t.hours.until}`}
                  data-path={`${place}.until`}
                  error={faults[`${place}.until`] as string | undefined}
                  value={exception.until ?? ""}
                  min={exception.date}
                  onChange={(event) =>
                    change(exception, index, { until: event.currentTarget.value || null })
                  }
                />
                <WindowsInput
                  label={`${name}: ${t.hours.windows}`}
                  placeholder={t.hours.special}
                  windows={exception.windows ?? []}
                  path={`${place}.windows`}
                  fault={faults[`${place}.windows`]}
                  onChange={(windows) => change(exception, index, { windows })}
                />
              </>
            );
          }}
        </Rows>
      </Stack>
    </div>
  );
}
