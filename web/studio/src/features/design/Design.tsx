/** The designer: the widget as it is, its blocks, and what there is to say of them. */

import { useParams } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Designer } from "./Designer.tsx";
import { useDraft } from "./session/useDesign.ts";

export default function Design() {
  const { appId } = useParams({ from: "/frame/apps/$appId/design" });
  const draft = useDraft(appId);
  if (draft.data !== undefined) return <Designer key={appId} appId={appId} initial={draft.data} />;
  return (
    <Screen title={t.design.title} lead={t.design.lead}>
      <Loaded query={draft} rows={8}>
        {() => null}
      </Loaded>
    </Screen>
  );
}
