/** The columns of lists of calls. */

import { Badge, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { CallDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Id } from "../../ui/Id.tsx";
import type { Column } from "../../ui/list/DataTable.tsx";
import { Status } from "../../ui/Status.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
import classes from "../../ui/ui.module.css";
import { useProfileNames } from "../profiles/queries.ts";
import { outcomeOf, scoreOf, worstScore } from "./outcome.ts";
import { type CallColumn, COLUMNS } from "./search.ts";

/** What the columns that can be chosen are called. */
export const COLUMN_NAMES: Record<CallColumn, string> = {
  started: t.calls.started,
  profile: t.calls.profile,
  answeredBy: t.calls.answeredBy,
  context: t.calls.filterContext,
  quality: t.calls.quality,
  rating: t.calls.rating,
  reason: t.calls.reason,
  duration: t.calls.duration,
  id: t.calls.one.id,
};

export function callColumns(
  appId: string,
  shown: readonly CallColumn[],
): readonly Column<CallDetails>[] {
  const cells: Record<CallColumn, Pick<Column<CallDetails>, "cell" | "end">> = {
    started: { cell: (call) => <Time value={call.startedAt} /> },
    profile: { cell: (call) => <Profile appId={appId} id={call.profileId} /> },
    answeredBy: { cell: (call) => <Profile appId={appId} id={call.answeredBy} /> },
    context: { cell: (call) => <Context call={call} /> },
    quality: { cell: (call) => <Quality call={call} /> },
    rating: { cell: ({ rating }) => (rating == null ? null : t.calls.stars(rating)), end: true },
    reason: { cell: ({ reason }) => REASONS.find(([one]) => one === reason)?.[1] ?? null },
    duration: {
      cell: (call) => (call.duration == null ? null : duration(call.duration)),
      end: true,
    },
    id: { cell: (call) => <Id value={call.id} />, end: true },
  };
  return [
    {
      id: "outcome",
      header: t.calls.outcome,
      title: true,
      cell: (call) => <Title appId={appId} call={call} />,
    },
    ...COLUMNS.filter((id) => shown.includes(id)).map((id) => ({
      id,
      header: COLUMN_NAMES[id],
      ...cells[id],
    })),
  ];
}

const REASONS = Object.entries(t.calls.endedBy);

function Title({ appId, call }: { readonly appId: string; readonly call: CallDetails }) {
  const { tone, words } = outcomeOf(call);
  return (
    <Link
      to="/apps/$appId/calls/$callId"
      params={{ appId, callId: call.id }}
      className={classes.rowLink}
    >
      <Group gap="xs" wrap="nowrap">
        <Status tone={tone}>{words}</Status>
        {call.preview && (
          <Badge size="sm" variant="default">
            {t.calls.one.preview}
          </Badge>
        )}
      </Group>
    </Link>
  );
}

/** What the page said of the visitor, as far as it fits. */
function Context({ call }: { readonly call: CallDetails }) {
  const values = Object.values(call.context);
  return values.length === 0 ? null : (
    <div
      className="one-line"
      title={Object.entries(call.context)
        .map(([key, value]) => `${key}: ${value}`)
        .join("\n")}
    >
      {values.join(" · ")}
    </div>
  );
}

interface ProfileProps {
  readonly appId: string;
  readonly id: string | null | undefined;
}

function Profile({ appId, id }: ProfileProps) {
  const nameOf = useProfileNames(appId);
  return id == null ? null : <div className="one-line">{nameOf(id)}</div>;
}

function Quality({ call }: { readonly call: CallDetails }) {
  const score = worstScore(call);
  if (score === null) return null;
  const { tone, words } = scoreOf(score);
  return (
    <Status tone={tone}>
      {score.toFixed(1)} · {words}
    </Status>
  );
}
