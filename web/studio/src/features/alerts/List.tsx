/** The alert rules of an app, how they stand, and what has fired. */

import { Button, Text } from "@mantine/core";
import { IconBellRinging, IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import type { AlertRuleView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Choice, Choices } from "../../ui/Choices.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { useNew } from "../../ui/useNew.ts";
import { Permitted } from "../people/Permitted.tsx";
import { History } from "./History.tsx";
import { useAlertRules } from "./queries.ts";
import { RuleStatus } from "./status.tsx";
import { KINDS } from "./values.ts";

export default function List() {
  const { appId } = useParams({ from: "/frame/apps/$appId/alerts" });
  const rules = useAlertRules(appId);
  const navigate = useNavigate();
  const chooser = useNew();
  const words = t.alerts;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <Permitted scope="alerts:write" appId={appId}>
          <Button leftSection={<IconPlus size={16} />} onClick={chooser.open}>
            {words.create}
          </Button>
        </Permitted>
      }
    >
      <Loaded query={rules}>
        {({ items }) => (
          <>
            <div className="surface">
              {items.length === 0 ? (
                <Nothing icon={<IconBellRinging size={22} stroke={1.6} />} title={words.none}>
                  <Text mb="md">{words.noneLead}</Text>
                  <Kinds appId={appId} />
                </Nothing>
              ) : (
                <DataTable
                  label={words.title}
                  rows={items}
                  rowKey={(rule) => rule.id}
                  onOpen={({ id }) =>
                    void navigate({
                      to: "/apps/$appId/alerts/$ruleId",
                      params: { appId, ruleId: id },
                    })
                  }
                  columns={columns(appId)}
                />
              )}
            </div>
            {items.length > 0 && <History appId={appId} />}
          </>
        )}
      </Loaded>
      {chooser.isOpen && (
        <Modal opened onClose={chooser.close} title={words.choose} size="lg">
          <Kinds appId={appId} />
        </Modal>
      )}
    </Screen>
  );
}

const columns = (appId: string): readonly Column<AlertRuleView>[] => [
  {
    id: "name",
    header: t.alerts.rule,
    title: true,
    cell: (rule) => (
      <Link
        to="/apps/$appId/alerts/$ruleId"
        params={{ appId, ruleId: rule.id }}
        className={`${ui.rowLink} one-line`}
      >
        {rule.name}
      </Link>
    ),
  },
  { id: "state", header: t.alerts.now, cell: (rule) => <RuleStatus rule={rule} /> },
  {
    id: "reading",
    header: t.alerts.reading,
    cell: (rule) => (rule.status.lookedAt == null ? t.alerts.never : rule.status.text),
  },
  { id: "kind", header: t.alerts.watched, cell: (rule) => t.alerts.kinds[rule.kind][0] },
];

function Kinds({ appId }: { readonly appId: string }) {
  return (
    <Choices>
      {KINDS.map((kind) => {
        const [name, lead] = t.alerts.kinds[kind];
        return (
          <Choice
            key={kind}
            to="/apps/$appId/alerts/$ruleId"
            params={{ appId, ruleId: "new" }}
            search={{ kind }}
            name={name}
            lead={lead}
          />
        );
      })}
    </Choices>
  );
}
