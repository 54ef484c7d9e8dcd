/** The week as a grid: windows are drawn, dragged and resized by mouse and keys, or typed beside it. */

import { ActionIcon, Menu, Text, TextInput, Tooltip } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import type { BusinessHours, Window } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { useFault } from "../../ui/useFault.ts";
import { DayTrack } from "./DayTrack.tsx";
import classes from "./hours.module.css";
import { DAYS, type Day, overMidnight, readWindows, writeWindows } from "./times.ts";

interface WeekGridProps {
  readonly hours: BusinessHours;
  readonly onChange: (hours: BusinessHours) => void;
  /** The form's path of the hours, for faults that the server finds. */
  readonly path: string;
  readonly faults: Readonly<Record<string, unknown>>;
}

const MARKS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

export function WeekGrid({ hours, onChange, path, faults }: WeekGridProps) {
  const set = (days: readonly Day[], windows: readonly Window[]) => {
    const week = Object.fromEntries(days.map((day) => [day, [...windows]]));
    onChange({ ...hours, week: { ...hours.week, ...week } });
  };
  return (
    <div className={classes.week}>
      <div className={classes.marks} aria-hidden>
        {MARKS.map((hour) => (
          <span key={hour} style={{ insetInlineStart: `${(100 * hour) / 24}%` }}>
            {hour}
          </span>
        ))}
      </div>
      {DAYS.map((day) => {
        const windows = hours.week?.[day] ?? [];
        const place = `${path}.week.${day}`;
        return (
          <div key={day} className={classes.day}>
            <Text fw={500} className={classes.dayName}>
              {t.hours.days[day]}
            </Text>
            <DayTrack
              day={t.hours.days[day]}
              windows={windows}
              before={overMidnight(hours, day)}
              onChange={(next) => set([day], next)}
            />
            <DayInput
              day={day}
              windows={windows}
              path={place}
              fault={faults[place]}
              onChange={(next) => set([day], next)}
            />
            <CopyMenu day={day} onCopy={(days) => set(days, windows)} />
          </div>
        );
      })}
    </div>
  );
}

interface DayInputProps {
  readonly day: Day;
  readonly windows: readonly Window[];
  readonly path: string;
  readonly fault: unknown;
  readonly onChange: (windows: Window[]) => void;
}

function DayInput({ day, windows, path, fault, onChange }: DayInputProps) {
  return (
    <WindowsInput
      label={t.hours.dayInput(t.hours.days[day])}
      placeholder={t.hours.closed}
      windows={windows}
      path={path}
      fault={fault}
      onChange={onChange}
      className={classes.dayInput}
    />
  );
}

interface WindowsInputProps {
  readonly label: string;
  readonly placeholder: string;
  readonly windows: readonly Window[];
  readonly path: string;
  readonly fault: unknown;
  readonly onChange: (windows: Window[]) => void;
  readonly className?: string;
}

/** Windows as text: read when the field is left, so that nothing jumps while one types. */
export function WindowsInput(props: WindowsInputProps) {
  const { label, placeholder, windows, path, fault, onChange, className } = props;
  const written = writeWindows(windows);
  const [text, setText] = useState(written);
  const [misread, setMisread] = useState<string | null>(null);
  useEffect(() => {
    setText(written);
    setMisread(null);
  }, [written]);
  const read = () => {
    const result = readWindows(text);
    if (!result.ok) return setMisread(result.fault);
    setMisread(null);
    setText(writeWindows(result.windows));
    if (writeWindows(result.windows) !== written) onChange(result.windows);
  };
  return (
    <TextInput
      ref={useFault(misread)}
      className={className}
      aria-label={label}
      placeholder={placeholder}
      value={text}
      data-path={path}
      error={misread ?? (typeof fault === "string" ? fault : null)}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={read}
      onKeyDown={(event) => {
        if (event.key === "Enter") read();
      }}
    />
  );
}

interface CopyMenuProps {
  readonly day: Day;
  readonly onCopy: (days: readonly Day[]) => void;
}

function CopyMenu({ day, onCopy }: CopyMenuProps) {
  const label = t.hours.copy(t.hours.days[day]);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={label}>
          <ActionIcon variant="subtle" color="gray" aria-label={label} className={classes.dayCopy}>
            <IconCopy size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onCopy(DAYS)}>{t.hours.copyAll}</Menu.Item>
        <Menu.Item onClick={() => onCopy(DAYS.slice(0, 5))}>{t.hours.copyWeekdays}</Menu.Item>
        <Menu.Divider />
        {DAYS.filter((other) => other !== day).map((other) => (
          <Menu.Item key={other} onClick={() => onCopy([other])}>
            {t.hours.copyTo(t.hours.days[other])}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
