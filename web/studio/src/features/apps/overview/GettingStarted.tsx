/** The checklist of a new app. */

import { Progress as Bar, Text, ThemeIcon } from "@mantine/core";
import { IconArrowRight, IconCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import type { AppView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Section } from "../../../ui/Section.tsx";
import classes from "./overview.module.css";
import { type Step, useProgress } from "./useProgress.ts";

const WAYS = {
  seen: "/apps/$appId/embed",
  destination: "/apps/$appId/profiles",
  hours: "/apps/$appId/hours",
  answered: "/apps/$appId/integrations",
} as const;

export function GettingStarted({ app }: { readonly app: AppView }) {
  const progress = useProgress(app).data;
  if (progress === undefined || progress.every(([, done]) => done)) return null;
  const count = progress.filter(([, done]) => done).length;
  const words = t.apps.started;
  return (
    <Section title={words.title} lead={words.lead(count, progress.length)}>
      <Bar
        value={(100 * count) / progress.length}
        size="sm"
        radius="xl"
        mb="sm"
        aria-label={words.lead(count, progress.length)}
      />
      <ul className={classes.steps}>
        {progress.map(([step, done]) => (
          <li key={step}>
            <StepLine appId={app.id} step={step} done={done} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface StepLineProps {
  readonly appId: string;
  readonly step: Step;
  readonly done: boolean;
}

function StepLine({ appId, step, done }: StepLineProps) {
  const [name, act] = t.apps.started.steps[step];
  const line = (
    <>
      <ThemeIcon
        size={22}
        radius="xl"
        variant={done ? "filled" : "default"}
        role="img"
        aria-label={done ? t.apps.started.done : t.apps.started.open}
      >
        {done && <IconCheck size={14} stroke={2.4} />}
      </ThemeIcon>
      <span>
        <Text component="span" fw={500} c={done ? "dimmed" : undefined}>
          {name}
        </Text>
        {!done && (
          <Text component="span" c="dimmed" size="sm" display="block">
            {act}
          </Text>
        )}
      </span>
      {!done && <IconArrowRight size={16} className={classes.arrow} aria-hidden />}
    </>
  );
  if (done) return <div className={classes.step}>{line}</div>;
  if (step === "owner") {
    return (
      <Link to="/members" className={classes.step}>
        {line}
      </Link>
    );
  }
  if (step in WAYS) {
    return (
      <Link to={WAYS[step as keyof typeof WAYS]} params={{ appId }} className={classes.step}>
        {line}
      </Link>
    );
  }
  return (
    <Link to="/apps/$appId" params={{ appId }} search={{ try: true }} className={classes.step}>
      {line}
    </Link>
  );
}
