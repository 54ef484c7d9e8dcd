/** API keys: what they may do, when they were used, and revoking them. */

import { Badge, Button, Group, Text, Tooltip } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import { api, client } from "../../api/client.ts";
import type { ApiKeyView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { done } from "../../ui/notify.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { useNew } from "../../ui/useNew.ts";
import { NewKey } from "./NewKey.tsx";
import { Permitted } from "./Permitted.tsx";
import { refreshPeople, useMembers } from "./queries.ts";

export default function Keys() {
  const keys = api.useQuery("get", "/v1/api-keys");
  const members = useMembers().data?.items ?? [];
  const creation = useNew();
  const [revoking, setRevoking] = useState<ApiKeyView | null>(null);
  const words = t.people.keys;
  const create = (
    <Permitted scope="api-keys:write">
      <Button leftSection={<IconPlus size={16} />} onClick={creation.open}>
        {words.create}
      </Button>
    </Permitted>
  );
  return (
    <Screen title={words.title} lead={words.lead} actions={create}>
      <Loaded query={keys}>
        {({ items }) => (
          <div className="surface">
            {items.length === 0 ? (
              <Nothing icon={<IconKey size={22} stroke={1.6} />} title={words.none} act={create}>
                {words.noneLead}
              </Nothing>
            ) : (
              <DataTable<ApiKeyView>
                label={words.title}
                rows={items}
                rowKey={(key) => key.id}
                columns={[
                  {
                    id: "name",
                    header: t.people.name,
                    title: true,
                    cell: (key) => <Name apiKey={key} />,
                  },
                  { id: "scopes", header: words.scopes, cell: (key) => <Scopes apiKey={key} /> },
                  {
                    id: "used",
                    header: words.lastUsed,
                    cell: (key) =>
                      key.lastUsedAt == null ? (
                        words.never
                      ) : (
                        <Time value={key.lastUsedAt} relative />
                      ),
                  },
                  {
                    id: "expires",
                    header: words.expires,
                    cell: (key) =>
                      key.expiresAt == null ? words.never : <Time value={key.expiresAt} relative />,
                  },
                  {
                    id: "by",
                    header: words.madeBy,
                    cell: (key) => members.find((member) => member.id === key.madeBy)?.name,
                  },
                  {
                    id: "acts",
                    header: "",
                    end: true,
                    cell: (key) =>
                      !key.configured && (
                        <Button
                          size="compact-sm"
                          variant="default"
                          aria-label={`${words.revoke}: ${key.name}`}
                          onClick={() => setRevoking(key)}
                        >
                          {words.revoke}
                        </Button>
                      ),
                  },
                ]}
              />
            )}
          </div>
        )}
      </Loaded>
      {creation.isOpen && <NewKey onClose={creation.close} />}
      {revoking !== null && (
        <Confirm
          title={`${words.revoke}: ${revoking.name}`}
          act={words.revoke}
          onClose={() => setRevoking(null)}
          onConfirm={async () => {
            await client.DELETE("/v1/api-keys/{apiKeyId}", {
              params: { path: { apiKeyId: revoking.id } },
            });
            await refreshPeople();
            done(words.revoked);
          }}
        >
          <Text>{words.revokeLead}</Text>
        </Confirm>
      )}
    </Screen>
  );
}

function Name({ apiKey }: { readonly apiKey: ApiKeyView }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Text fw={500} className="one-line">
        {apiKey.name}
      </Text>
      {apiKey.configured && (
        <Tooltip label={t.people.keys.configuredHint}>
          <Badge size="sm" variant="default">
            {t.people.keys.configured}
          </Badge>
        </Tooltip>
      )}
    </Group>
  );
}

function Scopes({ apiKey: { scopes } }: { readonly apiKey: ApiKeyView }) {
  if (scopes.includes("*")) return t.people.keys.everything;
  return (
    <Tooltip label={scopes.join(", ")} multiline maw={360}>
      <code className="one-line">{scopes.join(" ")}</code>
    </Tooltip>
  );
}
