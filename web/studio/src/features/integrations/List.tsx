/** An app's integrations, and how each does. */

import { Button, Text } from "@mantine/core";
import { IconBolt, IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Choice, Choices } from "../../ui/Choices.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { useNew } from "../../ui/useNew.ts";
import { Permitted } from "../people/Permitted.tsx";
import { usePresets } from "./queries.ts";
import { type Health, useHealth } from "./useHealth.ts";

export default function List() {
  const { appId } = useParams({ from: "/frame/apps/$appId/integrations" });
  const health = useHealth(appId);
  const navigate = useNavigate();
  const chooser = useNew();
  const words = t.integrations;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <Permitted scope="integrations:write" appId={appId}>
          <Button leftSection={<IconPlus size={16} />} onClick={chooser.open}>
            {words.create}
          </Button>
        </Permitted>
      }
    >
      <Loaded query={health}>
        {(items) => (
          <div className="surface">
            {items.length === 0 ? (
              <Nothing icon={<IconBolt size={22} stroke={1.6} />} title={words.none}>
                <Text mb="md">{words.noneLead}</Text>
                <Presets appId={appId} />
              </Nothing>
            ) : (
              <DataTable<Health>
                label={words.title}
                rows={items}
                rowKey={(one) => one.integration.id}
                onOpen={(one) =>
                  void navigate({
                    to: "/apps/$appId/integrations/$integrationId",
                    params: { appId, integrationId: one.integration.id },
                  })
                }
                columns={[
                  {
                    id: "name",
                    header: words.name,
                    title: true,
                    cell: ({ integration }) => (
                      <Link
                        to="/apps/$appId/integrations/$integrationId"
                        params={{ appId, integrationId: integration.id }}
                        className={`${ui.rowLink} one-line`}
                      >
                        {integration.name}
                      </Link>
                    ),
                  },
                  {
                    id: "health",
                    header: words.health.title,
                    cell: (one) => <Status tone={one.tone}>{one.words}</Status>,
                  },
                  {
                    id: "waiting",
                    header: t.deliveries.statuses.pending,
                    cell: ({ now }) =>
                      now === undefined ? null : words.health.waiting(now.waiting),
                  },
                  {
                    id: "url",
                    header: words.url,
                    cell: ({ integration }) => (
                      <div className="one-line mono">
                        {integration.url.replace(/^https:\/\//, "")}
                      </div>
                    ),
                  },
                ]}
              />
            )}
          </div>
        )}
      </Loaded>
      {chooser.isOpen && (
        <Modal opened onClose={chooser.close} title={words.choose} size="lg">
          <Presets appId={appId} />
        </Modal>
      )}
    </Screen>
  );
}

function Presets({ appId }: { readonly appId: string }) {
  const presets = usePresets();
  return (
    <Loaded query={presets}>
      {({ items }) => (
        <Choices>
          {items.map((preset) => (
            <Choice
              key={preset.preset}
              to="/apps/$appId/integrations/$integrationId"
              params={{ appId, integrationId: "new" }}
              search={{ preset: preset.preset }}
              name={preset.name}
              lead={preset.description}
            />
          ))}
        </Choices>
      )}
    </Loaded>
  );
}
