/** One alert rule, or a new one. */

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { client } from "../../api/client.ts";
import type { AlertRuleView } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { changed } from "../../editor/merge.ts";
import { useEditor } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";
import { t } from "../../texts/index.ts";
import { DeleteNamed } from "../../ui/DeleteNamed.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { BackTest } from "./BackTest.tsx";
import { History } from "./History.tsx";
import { refreshAlerts, useAlertRule } from "./queries.ts";
import { RuleFields } from "./RuleFields.tsx";
import { Silence } from "./Silence.tsx";
import { RuleStatus } from "./status.tsx";
import { type AlertRuleValues, bodyOf, kindOf, newRule, pathOf, valuesOf } from "./values.ts";

const route = "/frame/apps/$appId/alerts/$ruleId";

export default function Edit() {
  const { appId, ruleId } = useParams({ from: route });
  return ruleId === "new" ? <New appId={appId} /> : <Existing appId={appId} ruleId={ruleId} />;
}

function New({ appId }: { readonly appId: string }) {
  const { kind: asked } = useSearch({ from: route });
  const navigate = useNavigate();
  const kind = kindOf(asked);
  const [name, lead] = t.alerts.kinds[kind];
  const back = () => void navigate({ to: "/apps/$appId/alerts", params: { appId } });
  const editor = useEditor<AlertRuleValues>({
    id: `alert-new-${appId}-${kind}`,
    value: newRule(kind, name),
    load: null,
    save: async ({ values }) => {
      const params = { path: { appId } };
      await client.POST("/v1/apps/{appId}/alert-rules", { params, body: bodyOf(values) });
      await refreshAlerts();
    },
    pathOf,
  });
  return (
    <Screen title={t.alerts.create} lead={lead}>
      <EditorForm
        editor={editor}
        scope="alerts:write"
        appId={appId}
        isNew
        act={t.alerts.create}
        onSaved={back}
        onCancel={back}
      >
        <RuleFields appId={appId} editor={editor} />
        <BackTest appId={appId} rule={bodyOf(editor.form.values)} />
      </EditorForm>
    </Screen>
  );
}

function Existing({ appId, ruleId }: { readonly appId: string; readonly ruleId: string }) {
  const rule = useAlertRule(appId, ruleId);
  return (
    <Screen
      title={rule.data?.name ?? t.alerts.title}
      lead={<Id value={ruleId} whole />}
      actions={rule.data !== undefined && <Silence appId={appId} rule={rule.data} />}
    >
      <Loaded query={rule} rows={8}>
        {(loaded) => (
          <>
            <Now rule={loaded} />
            <Form key={loaded.id} appId={appId} rule={loaded} />
            <History appId={appId} ruleId={ruleId} />
            <Delete appId={appId} rule={loaded} />
          </>
        )}
      </Loaded>
    </Screen>
  );
}

function Now({ rule }: { readonly rule: AlertRuleView }) {
  const words = t.alerts;
  const { lookedAt, text } = rule.status;
  return (
    <Section title={words.now}>
      <Facts
        of={[
          [words.state, <RuleStatus key="state" rule={rule} />],
          [words.reading, lookedAt == null ? null : text],
          [words.lookedAt, lookedAt == null ? words.never : <Time key="at" value={lookedAt} />],
        ]}
      />
    </Section>
  );
}

interface OfRule {
  readonly appId: string;
  readonly rule: AlertRuleView;
}

function Form({ appId, rule }: OfRule) {
  const params = { path: { appId, ruleId: rule.id } };
  const editor = useEditor<AlertRuleValues>({
    id: `alert-${rule.id}`,
    value: valuesOf(rule),
    load: () =>
      versioned(
        client.GET("/v1/apps/{appId}/alert-rules/{ruleId}", {
          params,
        }),
        valuesOf,
      ),
    save: async ({ base, values, headers }) => {
      const body = changed(bodyOf(base), bodyOf(values));
      await client.PATCH("/v1/apps/{appId}/alert-rules/{ruleId}", { params, body, headers });
      await refreshAlerts();
    },
    pathOf,
  });
  return (
    <EditorForm
      editor={editor}
      scope="alerts:write"
      appId={appId}
      subject={{ appId, of: "alert_rule", id: rule.id }}
    >
      <RuleFields appId={appId} editor={editor} />
      <BackTest appId={appId} rule={bodyOf(editor.form.values)} />
    </EditorForm>
  );
}

function Delete({ appId, rule }: OfRule) {
  const navigate = useNavigate();
  return (
    <DeleteNamed
      name={rule.name}
      words={t.alerts}
      scope="alerts:write"
      appId={appId}
      remove={() =>
        client.DELETE("/v1/apps/{appId}/alert-rules/{ruleId}", {
          params: { path: { appId, ruleId: rule.id } },
        })
      }
      leave={() => navigate({ to: "/apps/$appId/alerts", params: { appId } })}
      refresh={refreshAlerts}
    />
  );
}
