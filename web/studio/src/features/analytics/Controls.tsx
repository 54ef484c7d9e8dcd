/** Which days, and whom: the choice of a period, and the filters that rows have set. */

import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";

import { t } from "../../texts/index.ts";
import { useTyped } from "../../ui/useTyped.ts";
import { useProfileNames } from "../profiles/queries.ts";
import classes from "./analytics.module.css";
import { valueName } from "./names.ts";
import { type AnalyticsSearch, type Asked, DIMENSIONS, SPANS, USUAL_SPAN } from "./search.ts";

interface ControlsProps {
  readonly appId: string;
  readonly search: AnalyticsSearch;
  readonly asked: Asked;
  readonly go: (patch: AnalyticsSearch) => void;
}

const CHOSEN = "chosen";

export function Controls({ appId, search, asked, go }: ControlsProps) {
  const words = t.analytics;
  const isChosen =
    search.days === undefined && (search.from !== undefined || search.to !== undefined);
  return (
    <search className={classes.controls} aria-label={t.ui.filters}>
      <SegmentedControl
        aria-label={words.period}
        className={classes.spans}
        value={isChosen ? CHOSEN : String(search.days ?? USUAL_SPAN)}
        onChange={(value) => {
          const days = SPANS.find((span) => String(span) === value);
          if (days !== undefined) go({ days, from: undefined, to: undefined });
          else go({ days: undefined, from: asked.from, to: asked.to });
        }}
        data={[
          ...SPANS.map((span) => ({ value: String(span), label: words.days[span] ?? span })),
          { value: CHOSEN, label: words.chosen },
        ]}
      />
      {isChosen && (
        <>
          <Day
            label={words.from}
            value={asked.from}
            onChange={(from) => go({ from, to: from > asked.to ? from : asked.to })}
          />
          <Day
            label={words.to}
            value={asked.to}
            onChange={(to) => go({ to, from: to < asked.from ? to : asked.from })}
          />
        </>
      )}
      <Active appId={appId} asked={asked} go={go} />
    </search>
  );
}

interface DayProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (day: string) => void;
}

function Day({ label, value, onChange }: DayProps) {
  const typed = useTyped(value, (day) => day !== "" && onChange(day));
  return <TextInput type="date" aria-label={label} max="9999-12-31" {...typed} />;
}

function Active({ appId, asked, go }: Omit<ControlsProps, "search">) {
  const profileName = useProfileNames(appId);
  const words = t.analytics;
  return DIMENSIONS.map((dimension) => {
    const value = asked[dimension];
    if (value === undefined) return null;
    const [name, shown] = [
      words.breakdown.dimensions[dimension],
      valueName(dimension, value, profileName),
    ];
    return (
      <Button
        key={dimension}
        variant="default"
        size="xs"
        radius="xl"
        rightSection={<IconX size={14} aria-hidden />}
        aria-label={words.remove(name, shown)}
        onClick={() => go({ [dimension]: undefined })}
      >
        {name}: <span className="foreign">&nbsp;{shown}</span>
      </Button>
    );
  });
}
