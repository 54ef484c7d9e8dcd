/** What visits come to: figures, funnel, charts and breakdowns of some days. */

import { Stack } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import type { AppView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ButtonLink } from "../../ui/links.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, NoMatch, Nothing } from "../../ui/states.tsx";
import { timeInZone } from "../../ui/time.ts";
import { useApp } from "../apps/queries.ts";
import classes from "./analytics.module.css";
import { Breakdown } from "./Breakdown.tsx";
import { Controls } from "./Controls.tsx";
import { Details } from "./Details.tsx";
import { Figures } from "./Figures.tsx";
import { Funnel } from "./Funnel.tsx";
import { HeatMap } from "./HeatMap.tsx";
import type { PartProps } from "./part.ts";
import { useSummary } from "./queries.ts";
import { type AnalyticsSearch, asked, DIMENSIONS } from "./search.ts";
import { OverTime } from "./series/OverTime.tsx";

const ROUTE = "/frame/apps/$appId/analytics";

export default function Analytics() {
  const { appId } = useParams({ from: ROUTE });
  const app = useApp(appId);
  return (
    <Screen title={t.analytics.title} lead={t.analytics.lead}>
      <Loaded query={app} rows={8}>
        {(loaded) => <OfApp app={loaded} />}
      </Loaded>
    </Screen>
  );
}

function OfApp({ app }: { readonly app: AppView }) {
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate();
  const zone = app.hours?.timeZone ?? "UTC";
  const query = asked(search, zone);
  const summary = useSummary(app.id, query);
  const go = (patch: AnalyticsSearch) =>
    void navigate({
      from: "/apps/$appId/analytics",
      to: ".",
      search: (before) => ({ ...before, ...patch }),
      replace: true,
      resetScroll: false,
    });
  const clear = () => go(Object.fromEntries(DIMENSIONS.map((name) => [name, undefined])));
  return (
    <Stack gap="lg">
      <Controls appId={app.id} search={search} asked={query} go={go} />
      <Loaded query={summary} rows={8}>
        {(loaded) =>
          loaded.total.loads + loaded.total.taps + loaded.total.closed === 0 ? (
            <Empty appId={app.id} isFiltered={DIMENSIONS.some((it) => query[it])} clear={clear} />
          ) : (
            <Content appId={app.id} search={search} asked={query} summary={loaded} go={go} />
          )
        }
      </Loaded>
    </Stack>
  );
}

interface EmptyProps {
  readonly appId: string;
  readonly isFiltered: boolean;
  readonly clear: () => void;
}

function Empty({ appId, isFiltered, clear }: EmptyProps) {
  return (
    <div className="surface">
      {isFiltered ? (
        <NoMatch clear={clear} />
      ) : (
        <Nothing
          icon={<IconChartBar size={22} stroke={1.6} />}
          title={t.analytics.none}
          act={
            <ButtonLink to="/apps/$appId/embed" params={{ appId }} variant="default">
              {t.analytics.embed}
            </ButtonLink>
          }
        >
          {t.analytics.noneLead}
        </Nothing>
      )}
    </div>
  );
}

function Content(props: PartProps) {
  const { summary } = props;
  const { timeZone } = summary.period;
  return (
    <>
      <Figures summary={summary} />
      <OverTime {...props} />
      <Funnel summary={summary} />
      <Breakdown {...props} />
      <HeatMap {...props} />
      <Details {...props} />
      <p className={classes.note}>
        {t.analytics.zone(timeZone)} ·{" "}
        {t.analytics.countedTo(timeInZone(summary.countedTo, timeZone))}
      </p>
    </>
  );
}
