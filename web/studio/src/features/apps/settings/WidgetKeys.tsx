/** The keys that name an app in a page. */

import { ActionIcon, Button, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { api, client } from "../../../api/client.ts";
import type { WidgetKeyView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Confirm } from "../../../ui/Confirm.tsx";
import { Id } from "../../../ui/Id.tsx";
import { DataTable } from "../../../ui/list/DataTable.tsx";
import { failed } from "../../../ui/notify.ts";
import { Section } from "../../../ui/Section.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import { Permitted } from "../../people/Permitted.tsx";
import { refreshKeys, useWidgetKeys } from "../queries.ts";

export function WidgetKeys({ appId }: { readonly appId: string }) {
  const keys = useWidgetKeys(appId);
  const make = api.useMutation("post", "/v1/apps/{appId}/widget-keys", {
    onSuccess: refreshKeys,
    onError: failed,
  });
  const [deleting, setDeleting] = useState<WidgetKeyView | null>(null);
  const words = t.apps.settings;
  return (
    <Section
      title={words.keys}
      lead={words.keysLead}
      flush
      actions={
        <Permitted scope="settings:write" appId={appId}>
          <Button
            variant="default"
            leftSection={<IconPlus size={16} />}
            loading={make.isPending}
            onClick={() => make.mutate({ params: { path: { appId } } })}
          >
            {words.addKey}
          </Button>
        </Permitted>
      }
    >
      <Loaded query={keys} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed" p="lg">
              {words.noKeys}
            </Text>
          ) : (
            <DataTable
              label={words.keys}
              rows={items}
              rowKey={(key) => key.id}
              columns={[
                {
                  id: "key",
                  header: t.apps.embed.key,
                  cell: (key) => <Id value={key.key} whole />,
                  title: true,
                },
                { id: "at", header: t.apps.created, cell: (key) => <Time value={key.createdAt} /> },
                {
                  id: "acts",
                  header: "",
                  end: true,
                  cell: (key) => (
                    <Permitted scope="settings:write" appId={appId} label={words.deleteKey}>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={words.deleteKey}
                        onClick={() => setDeleting(key)}
                      >
                        <IconTrash size={17} stroke={1.6} />
                      </ActionIcon>
                    </Permitted>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {deleting !== null && (
        <Confirm
          title={words.deleteKey}
          act={words.deleteKey}
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await client.DELETE("/v1/apps/{appId}/widget-keys/{keyId}", {
              params: { path: { appId, keyId: deleting.id } },
            });
            await refreshKeys();
          }}
        >
          <Text>{words.deleteKeyLead}</Text>
          <Text className="mono foreign" mt="xs">
            {deleting.key}
          </Text>
        </Confirm>
      )}
    </Section>
  );
}
