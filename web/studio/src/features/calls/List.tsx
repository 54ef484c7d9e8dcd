/** All calls of an app. */

import { TextInput } from "@mantine/core";
import { IconPhone, IconSearch } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { client } from "../../api/client.ts";
import type { CallView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ListView } from "../../ui/ListView.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Nothing } from "../../ui/states.tsx";
import { useCursorList } from "../../ui/useCursorList.ts";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { callColumns } from "./columns.tsx";

const route = "/frame/apps/$appId/calls";
const rowKey = (call: CallView) => call.id;

export default function List() {
  const { appId } = useParams({ from: route });
  const { context } = useSearch({ from: route });
  const navigate = useNavigate();
  const list = useCursorList<CallView>({
    key: ["calls", appId, context],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/apps/{appId}/calls", {
        params: { path: { appId }, query: { ...page, context } },
      });
      return data ?? { items: [] };
    },
  });
  const filter = (value: string | undefined) =>
    void navigate({ to: "/apps/$appId/calls", params: { appId }, search: { context: value } });
  return (
    <Screen
      title={t.calls.title}
      lead={t.calls.lead}
      actions={<TestCallButton appId={appId} variant="default" />}
    >
      <ContextFilter key={context} value={context} onChange={filter} />
      <ListView
        label={t.calls.title}
        list={list}
        rowKey={rowKey}
        columns={callColumns(appId)}
        onOpen={(call) =>
          void navigate({ to: "/apps/$appId/calls/$callId", params: { appId, callId: call.id } })
        }
        clear={context === undefined ? null : () => filter(undefined)}
        empty={
          <Nothing
            icon={<IconPhone size={22} stroke={1.6} />}
            title={t.calls.none}
            act={<TestCallButton appId={appId} />}
          >
            {t.calls.noneLead}
          </Nothing>
        }
      />
    </Screen>
  );
}

interface ContextFilterProps {
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** Asked for when it is complete: a value is found exactly, or not at all. */
function ContextFilter({ value, onChange }: ContextFilterProps) {
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    onChange(text.trim() === "" ? undefined : text.trim());
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        leftSection={<IconSearch size={16} />}
        aria-label={t.calls.filterContext}
        placeholder={t.calls.filterContextHint}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={submit}
        maw={340}
      />
    </form>
  );
}
