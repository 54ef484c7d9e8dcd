/** An app at a glance: is it working, and what happened last. */

import { Stack } from "@mantine/core";
import { IconPhone } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";

import { api } from "../../../api/client.ts";
import type { AppView, CallDetails } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { TextLink } from "../../../ui/links.tsx";
import { DataTable } from "../../../ui/list/DataTable.tsx";
import { Screen } from "../../../ui/Screen.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Status } from "../../../ui/Status.tsx";
import { Loaded, Nothing } from "../../../ui/states.tsx";
import { ago, figure } from "../../../ui/time.ts";
import { callColumns } from "../../calls/columns.tsx";
import { outcomeOf } from "../../calls/outcome.ts";
import { USUAL } from "../../calls/search.ts";
import { useHealth } from "../../integrations/useHealth.ts";
import { TestCallButton } from "../../sessions/TestCallButton.tsx";
import { trunkTone, trunkWords } from "../../trunks/status.ts";
import { refreshApps, useApp } from "../queries.ts";
import { GettingStarted } from "./GettingStarted.tsx";
import classes from "./overview.module.css";

const TestCallDialog = lazy(() => import("../../sessions/TestCallDialog.tsx"));

/** How many calls the figures are of. */
const LATEST = 100;
const SHOWN = 8;

export default function Overview() {
  const { appId } = useParams({ from: "/frame/apps/$appId/" });
  const { try: isTrying } = useSearch({ from: "/frame/apps/$appId/" });
  const navigate = useNavigate();
  const app = useApp(appId);
  const close = () => {
    void refreshApps();
    void navigate({ to: "/apps/$appId", params: { appId }, search: {} });
  };
  return (
    <Screen
      title={app.data?.name ?? t.frame.pages.overview}
      actions={<TestCallButton appId={appId} />}
    >
      <Loaded query={app} rows={6}>
        {(loaded) => <Content app={loaded} />}
      </Loaded>
      <Suspense>{isTrying && <TestCallDialog appId={appId} onClose={close} />}</Suspense>
    </Screen>
  );
}

function Content({ app }: { readonly app: AppView }) {
  const path = { appId: app.id };
  const calls = api.useQuery(
    "get",
    "/v1/apps/{appId}/calls",
    { params: { path, query: { limit: LATEST } } },
    { refetchInterval: 8_000 },
  );
  return (
    <Stack gap="lg">
      <GettingStarted app={app} />
      <div className={classes.figures}>
        <LiveFigure appId={app.id} />
        <AnsweredFigure calls={calls.data?.items} more={calls.data?.next != null} />
        <HoursFigure app={app} />
        <TrunkFigure appId={app.id} />
        <IntegrationFigure appId={app.id} />
      </div>
      <Section
        title={t.apps.overview.lastCalls}
        flush
        actions={
          <TextLink to="/apps/$appId/calls" params={path} size="sm">
            {t.apps.overview.allCalls}
          </TextLink>
        }
      >
        <Loaded query={calls}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing
                icon={<IconPhone size={22} stroke={1.6} />}
                title={t.apps.overview.quiet}
                act={<TestCallButton appId={app.id} variant="default" />}
              >
                {t.apps.overview.quietLead}
              </Nothing>
            ) : (
              <LatestCalls appId={app.id} calls={items.slice(0, SHOWN)} />
            )
          }
        </Loaded>
      </Section>
    </Stack>
  );
}

function LatestCalls({
  appId,
  calls,
}: {
  readonly appId: string;
  readonly calls: readonly CallDetails[];
}) {
  const navigate = useNavigate();
  return (
    <DataTable
      label={t.apps.overview.lastCalls}
      rows={calls}
      rowKey={(call) => call.id}
      columns={callColumns(appId, USUAL)}
      onOpen={(call) =>
        void navigate({
          to: "/apps/$appId/calls/$callId",
          params: { appId, callId: call.id },
        })
      }
    />
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

function Figure({ name, value, note }: FigureProps) {
  return (
    <>
      <div className={classes.figureName}>{name}</div>
      <div className={classes.figureValue}>{value}</div>
      <div className={classes.figureNote}>{note ?? " "}</div>
    </>
  );
}

/** All that are under way, however long ago they began. */
function LiveFigure({ appId }: { readonly appId: string }) {
  const live = api.useQuery(
    "get",
    "/v1/apps/{appId}/calls/count",
    { params: { path: { appId }, query: { state: "live" } } },
    { refetchInterval: 8_000 },
  ).data;
  return (
    <div className={`surface ${classes.figure}`}>
      <Figure
        name={t.apps.overview.live}
        value={live === undefined ? "–" : `${figure(live.count)}${live.exact ? "" : "+"}`}
      />
    </div>
  );
}

interface AnsweredProps {
  readonly calls: readonly CallDetails[] | undefined;
  readonly more: boolean;
}

function AnsweredFigure({ calls, more }: AnsweredProps) {
  const over = (calls ?? []).filter((call) => call.endedAt != null);
  const answered = over.filter((call) => outcomeOf(call).tone === "good").length;
  const words = t.apps.overview;
  const share = over.length === 0 ? "–" : `${Math.round((100 * answered) / over.length)} %`;
  return (
    <div className={`surface ${classes.figure}`}>
      <Figure name={words.answered} value={share} note={words.ofLatest(over.length, more)} />
    </div>
  );
}

function HoursFigure({ app }: { readonly app: AppView }) {
  const check = api.useQuery(
    "get",
    "/v1/apps/{appId}/hours/check",
    { params: { path: { appId: app.id } } },
    { refetchInterval: 60_000 },
  ).data;
  const words = t.apps.overview;
  const note =
    check === undefined
      ? undefined
      : check.open
        ? check.nextChange == null
          ? words.openAlways
          : words.openUntil(ago(check.nextChange))
        : check.nextOpening == null
          ? words.closedForLong
          : words.closedUntil(ago(check.nextOpening));
  return (
    <Link
      to="/apps/$appId/hours"
      params={{ appId: app.id }}
      className={`surface ${classes.figure}`}
    >
      <Figure
        name={words.hoursTitle}
        value={check === undefined ? "–" : check.open ? words.openNow : words.closedNow}
        note={note}
      />
    </Link>
  );
}

/** That all work is said only when it is known of all. */
const known = (working: number, all: number | undefined) =>
  all !== undefined && working === all ? t.apps.overview.working : t.apps.overview.notKnown;

function TrunkFigure({ appId }: { readonly appId: string }) {
  const trunks = api.useQuery("get", "/v1/trunks", {}, { refetchInterval: 15_000 }).data?.items;
  const working = trunks?.filter((trunk) => trunkTone(trunk) === "good").length ?? 0;
  const faulty = trunks?.find((trunk) => trunkTone(trunk) === "bad");
  return (
    <Link to="/apps/$appId/trunks" params={{ appId }} className={`surface ${classes.figure}`}>
      <Figure
        name={t.apps.overview.trunksTitle}
        value={trunks === undefined || trunks.length === 0 ? "–" : `${working} / ${trunks.length}`}
        note={
          faulty !== undefined ? (
            <Status tone="bad">
              {faulty.name}: {trunkWords(faulty)}
            </Status>
          ) : trunks?.length === 0 ? (
            t.apps.overview.notYet
          ) : (
            known(working, trunks?.length)
          )
        }
      />
    </Link>
  );
}

function IntegrationFigure({ appId }: { readonly appId: string }) {
  const health = useHealth(appId).data;
  const working = health?.filter((one) => one.tone === "good").length ?? 0;
  const faulty = health?.find((one) => one.tone === "bad");
  return (
    <Link to="/apps/$appId/integrations" params={{ appId }} className={`surface ${classes.figure}`}>
      <Figure
        name={t.apps.overview.integrationsTitle}
        value={health === undefined || health.length === 0 ? "–" : `${working} / ${health.length}`}
        note={
          faulty !== undefined ? (
            <Status tone="bad">
              {faulty.name}: {faulty.words}
            </Status>
          ) : health?.length === 0 ? (
            t.apps.overview.notYet
          ) : (
            known(working, health?.length)
          )
        }
      />
    </Link>
  );
}
