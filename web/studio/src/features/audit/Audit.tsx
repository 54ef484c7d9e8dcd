/** Everything that was done, in all of the installation. */

import { useNavigate, useSearch } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { AuditList } from "./AuditList.tsx";
import { CheckButton, CheckResult, useTrailCheck } from "./TrailCheck.tsx";

export default function Audit() {
  const search = useSearch({ from: "/frame/audit" });
  const navigate = useNavigate();
  const check = useTrailCheck();
  return (
    <Screen
      title={t.people.audit.title}
      lead={t.people.audit.lead}
      actions={<CheckButton check={check} />}
    >
      <CheckResult check={check} />
      <AuditList
        label={t.people.audit.title}
        search={search}
        onSearch={(next) => void navigate({ to: "/audit", search: next })}
      />
    </Screen>
  );
}
