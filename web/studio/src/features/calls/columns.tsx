/** The columns of lists of calls. */

import { Badge, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { CallDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import type { Column } from "../../ui/DataTable.tsx";
import { Status } from "../../ui/Status.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
import classes from "../../ui/ui.module.css";
import { useProfileNames } from "../profiles/queries.ts";
import { outcomeOf, scoreOf, worstScore } from "./outcome.ts";

export function callColumns(appId: string): readonly Column<CallDetails>[] {
  return [
    {
      id: "outcome",
      header: t.calls.outcome,
      title: true,
      cell: (call) => <Title appId={appId} call={call} />,
    },
    { id: "started", header: t.calls.started, cell: (call) => <Time value={call.startedAt} /> },
    {
      id: "profile",
      header: t.calls.profile,
      cell: (call) => <Profile appId={appId} id={call.answeredBy ?? call.profileId} />,
    },
    { id: "context", header: t.calls.filterContext, cell: (call) => <Context call={call} /> },
    { id: "quality", header: t.calls.quality, cell: (call) => <Quality call={call} /> },
    {
      id: "duration",
      header: t.calls.duration,
      end: true,
      cell: (call) => (call.duration == null ? null : duration(call.duration)),
    },
  ];
}

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

function Profile({ appId, id }: { readonly appId: string; readonly id: string }) {
  const nameOf = useProfileNames(appId);
  return <div className="one-line">{nameOf(id)}</div>;
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
