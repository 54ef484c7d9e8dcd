/** What was done with an app, by whom and from where: its part of the audit trail. */

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { AuditList } from "../audit/AuditList.tsx";

const route = "/frame/apps/$appId/history";

export default function History() {
  const { appId } = useParams({ from: route });
  const search = useSearch({ from: route });
  const navigate = useNavigate();
  return (
    <Screen title={t.apps.history.title} lead={t.apps.history.lead}>
      <AuditList
        label={t.apps.history.title}
        search={search}
        appId={appId}
        onSearch={(next) =>
          void navigate({ to: "/apps/$appId/history", params: { appId }, search: next })
        }
      />
    </Screen>
  );
}
