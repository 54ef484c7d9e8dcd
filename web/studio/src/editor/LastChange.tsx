/** By whom and when something was changed last, beside what somebody else has changed. */

import { Text } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";

import { client } from "../api/client.ts";
import type { LastChangeView } from "../api/generated/schema.ts";
import { t } from "../texts/index.ts";
import { Time } from "../ui/Time.tsx";

/** What is changed: something of an app, or of the installation, which the audit trail knows by its act. */
export type Subject =
  | { readonly appId: string; readonly of: "settings" | "design" }
  | {
      readonly appId: string;
      readonly of: "profile" | "integration" | "alert_rule";
      readonly id: string;
    }
  | { readonly act: string; readonly id?: string };

/** By whom and when; null: it is not known. */
export async function lastChange(subject: Subject): Promise<LastChangeView | null> {
  if ("act" in subject) {
    const { data } = await client.GET("/v1/audit", {
      params: { query: { action: subject.act, subjectId: subject.id, limit: 1 } },
    });
    const [line] = data?.items ?? [];
    return line === undefined ? null : { by: line.actor, at: line.at };
  }
  const { appId, ...query } = subject;
  const { data } = await client.GET("/v1/apps/{appId}/last-change", {
    params: { path: { appId }, query },
  });
  return data?.lastChange ?? null;
}

const lastChangeOf = (subject: Subject) =>
  queryOptions({
    queryKey: ["last-change", subject],
    queryFn: () => lastChange(subject),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });

export function LastChange({ subject }: { readonly subject: Subject }) {
  const last = useQuery(lastChangeOf(subject)).data;
  if (last == null) return null;
  return (
    <Text fw={500} className="foreign">
      {t.editor.changedBy(last.by.name ?? t.editor.somebody)} <Time value={last.at} relative />
    </Text>
  );
}
