/** The ways to phone systems. */

import { Button, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import type { TrunkView } from "../../api/generated/schema.ts";
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
import { useTrunks } from "./queries.ts";
import { trunkTone, trunkWords } from "./status.ts";
import { SYSTEM_NAMES } from "./values.ts";

export default function List() {
  const { appId } = useParams({ from: "/frame/apps/$appId/trunks" });
  const trunks = useTrunks();
  const navigate = useNavigate();
  const chooser = useNew();
  const words = t.trunks;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <Permitted scope="trunks:write">
          <Button leftSection={<IconPlus size={16} />} onClick={chooser.open}>
            {words.create}
          </Button>
        </Permitted>
      }
    >
      <Loaded query={trunks}>
        {({ items }) => (
          <div className="surface">
            {items.length === 0 ? (
              <Nothing icon={<IconPlugConnected size={22} stroke={1.6} />} title={words.none}>
                <Text mb="md">{words.noneLead}</Text>
                <Systems appId={appId} />
              </Nothing>
            ) : (
              <DataTable
                label={words.title}
                rows={items}
                rowKey={(trunk) => trunk.id}
                onOpen={({ id }) =>
                  void navigate({
                    to: "/apps/$appId/trunks/$trunkId",
                    params: { appId, trunkId: id },
                  })
                }
                columns={[
                  {
                    id: "name",
                    header: words.name,
                    title: true,
                    cell: (trunk) => (
                      <Link
                        to="/apps/$appId/trunks/$trunkId"
                        params={{ appId, trunkId: trunk.id }}
                        className={`${ui.rowLink} one-line`}
                      >
                        {trunk.name}
                      </Link>
                    ),
                  },
                  {
                    id: "status",
                    header: words.now,
                    cell: (trunk) => <TrunkStatus trunk={trunk} />,
                  },
                  {
                    id: "domain",
                    header: words.domain,
                    cell: (trunk) => <code>{trunk.domain}</code>,
                  },
                  {
                    id: "transport",
                    header: words.transport,
                    cell: (trunk) => <code>{(trunk.transport ?? "udp").toUpperCase()}</code>,
                  },
                  {
                    id: "roundTrip",
                    header: t.calls.one.roundTrip,
                    end: true,
                    cell: (trunk) =>
                      trunk.status?.roundTripMs == null
                        ? null
                        : words.roundTrip(trunk.status.roundTripMs),
                  },
                ]}
              />
            )}
          </div>
        )}
      </Loaded>
      {chooser.isOpen && (
        <Modal opened onClose={chooser.close} title={words.choose} size="lg">
          <Systems appId={appId} />
        </Modal>
      )}
    </Screen>
  );
}

function TrunkStatus({ trunk }: { readonly trunk: TrunkView }) {
  const error = trunk.status?.lastError;
  const tone = trunkTone(trunk);
  return (
    <div>
      <Status tone={tone}>{trunkWords(trunk)}</Status>
      {tone === "bad" && error != null && (
        <Text size="sm" c="dimmed" className="foreign">
          {error}
        </Text>
      )}
    </div>
  );
}

function Systems({ appId }: { readonly appId: string }) {
  return (
    <Choices>
      {SYSTEM_NAMES.map((system) => {
        const [name, lead] = t.trunks.systems[system] ?? [system, ""];
        return (
          <Choice
            key={system}
            to="/apps/$appId/trunks/$trunkId"
            params={{ appId, trunkId: "new" }}
            search={{ system }}
            name={name}
            lead={lead}
          />
        );
      })}
    </Choices>
  );
}
