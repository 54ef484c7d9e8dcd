/** Everything that was done, in all of the installation. */

import { useNavigate, useSearch } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { AuditList } from "./AuditList.tsx";

export default function Audit() {
  const search = useSearch({ from: "/frame/audit" });
  const navigate = useNavigate();
  return (
    <Screen title={t.people.audit.title} lead={t.people.audit.lead}>
      <AuditList
        label={t.people.audit.title}
        search={search}
        onSearch={(next) => void navigate({ to: "/audit", search: next })}
      />
    </Screen>
  );
}
