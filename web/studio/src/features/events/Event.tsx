/** One event, as it was recorded and sent. */

import { Stack } from "@mantine/core";

import { api } from "../../api/client.ts";
import type { EventView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Code, json } from "../../ui/Code.tsx";
import { Drawer } from "../../ui/dialogs.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { nameOf, timeOf } from "./event.ts";

interface EventProps {
  readonly appId: string;
  readonly eventId: string;
  readonly onClose: () => void;
}

export default function Event({ appId, eventId, onClose }: EventProps) {
  const event = api.useQuery("get", "/v1/apps/{appId}/events/{eventId}", {
    params: { path: { appId, eventId } },
  });
  const title = event.data === undefined ? t.events.name : nameOf(event.data);
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={title}>
      <Loaded query={event} rows={6}>
        {(one) => <Content appId={appId} event={one} />}
      </Loaded>
    </Drawer>
  );
}

function Content({ appId, event }: { readonly appId: string; readonly event: EventView }) {
  const { callId } = event;
  const words = t.events;
  return (
    <Stack>
      <Facts
        of={[
          [words.when, <Time key="when" value={timeOf(event)} />],
          [words.id, <Id key="id" value={event.id} whole />],
          [
            words.call,
            callId == null ? (
              words.noCall
            ) : (
              <TextLink
                key="call"
                to="/apps/$appId/calls/$callId"
                params={{ appId, callId }}
                className="mono"
              >
                {callId}
              </TextLink>
            ),
          ],
        ]}
      />
      <Code text={json(event.event)} label={words.data} />
    </Stack>
  );
}
