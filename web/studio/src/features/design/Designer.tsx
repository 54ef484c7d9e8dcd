/** The designer of one draft, once it is loaded. */

import type { Picked, State } from "@bellpush/protocol";
import { Button } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconHistory } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";

import { t } from "../../texts/index.ts";
import { ButtonLink } from "../../ui/links.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Permitted } from "../people/Permitted.tsx";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { BlockList } from "./blocks/BlockList.tsx";
import { CanvasArea } from "./canvas/CanvasArea.tsx";
import { sceneOf } from "./canvas/scenes.ts";
import { blocksIn, placeOf, STATES } from "./core/document.ts";
import classes from "./designer.module.css";
import { type EditingContext, EditingProvider } from "./editing.ts";
import type { WidgetWords } from "./names.ts";
import { Panel } from "./panel/Panel.tsx";
import { Scheduled } from "./publish/Scheduled.tsx";
import type { DesignSearch } from "./search.ts";
import { ClashDialog } from "./session/ClashDialog.tsx";
import { History, Notices } from "./session/Status.tsx";
import type { Saved } from "./session/session.ts";
import { useDesign } from "./session/useDesign.ts";

const PublishDialog = lazy(() => import("./publish/PublishDialog.tsx"));

const route = "/frame/apps/$appId/design";

interface DesignerProps {
  readonly appId: string;
  readonly initial: Saved;
}

export function Designer({ appId, initial }: DesignerProps) {
  const editing = useDesign(appId, initial);
  const { session, view } = editing;
  const { present: document } = view.history;
  const search = useSearch({ from: route });
  const navigate = useNavigate({ from: "/apps/$appId/design" });
  const [words, setWords] = useState<WidgetWords>({});
  const [publishing, setPublishing] = useState<string | null>(null);
  const go = (change: Partial<DesignSearch>) =>
    void navigate({
      search: (before) => ({ ...before, ...change }),
      replace: true,
    });
  const language =
    document.languages.find((one) => one === search.language) ?? document.languages[0] ?? "en";
  const scene = useMemo(
    () => sceneOf(search.state ?? "idle", search.example),
    [search.state, search.example],
  );
  const context: EditingContext = {
    appId,
    document,
    language,
    words,
    state: scene.state,
    edit: editing.edit,
    seal: session.seal,
    undo: session.undo,
    redo: session.redo,
    go,
  };
  useHotkeys(
    [
      ["mod+Z", session.undo],
      ["mod+shift+Z", session.redo],
      ["mod+Y", session.redo],
    ],
    // In a field, letters are taken back first: that is the browser's.
    ["INPUT", "TEXTAREA", "SELECT"],
  );
  const [isBusy, setBusy] = useState(false);
  const publish = async () => {
    setBusy(true);
    if (await session.flush()) setPublishing(session.view().revision);
    setBusy(false);
  };
  return (
    <EditingProvider value={context}>
      <Screen
        title={t.design.title}
        lead={t.design.lead}
        actions={
          <>
            <History editing={editing} />
            <ButtonLink
              to="/apps/$appId/design/versions"
              params={{ appId }}
              variant="default"
              leftSection={<IconHistory size={16} />}
            >
              {t.design.versions}
            </ButtonLink>
            <TestCallButton
              appId={appId}
              variant="default"
              label={t.design.tryIt}
              before={session.flush}
            />
            <Permitted scope="design:write" appId={appId}>
              <Button loading={isBusy} onClick={() => void publish()}>
                {t.design.publish}
              </Button>
            </Permitted>
          </>
        }
      >
        <Scheduled appId={appId} />
        <Notices editing={editing} />
        <div className={classes.designer}>
          <div className={classes.blocks}>
            <BlockList selected={search.block ?? null} />
          </div>
          <CanvasArea
            scene={scene}
            scheme={search.scheme ?? "light"}
            size={search.size ?? "phone"}
            onWords={setWords}
            onPicked={(picked) => {
              const block = blockPicked(document, picked);
              if (block !== null) go({ block, tab: undefined });
            }}
          />
          <Panel
            tab={search.tab ?? "block"}
            scheme={search.scheme ?? "light"}
            selected={search.block ?? null}
            onTab={(tab) => go({ tab: tab === "block" ? undefined : tab })}
          />
        </div>
      </Screen>
      {editing.clashes !== null && (
        <ClashDialog
          appId={appId}
          document={document}
          clashes={editing.clashes}
          onResolve={editing.resolve}
        />
      )}
      <Suspense>
        {publishing !== null && (
          <PublishDialog
            appId={appId}
            document={view.base}
            revision={publishing}
            onClose={() => setPublishing(null)}
            onGo={(pointer) => {
              setPublishing(null);
              const { base } = view;
              const idOf = (state: State, index: number) => blocksIn(base, state)[index]?.id;
              go(placeOfFault(pointer, base.languages, idOf));
            }}
          />
        )}
      </Suspense>
    </EditingProvider>
  );
}

function blockPicked(
  document: EditingContext["document"],
  { state, block }: Picked,
): string | null {
  const id = blocksIn(document, state)[block]?.id;
  return id === undefined || placeOf(document, id) === null ? null : id;
}

/** Where in the designer a fault of the document is mended. */
export function placeOfFault(
  pointer: string,
  languages: readonly string[],
  idOf: (state: State, index: number) => string | undefined,
): Partial<DesignSearch> {
  const [, area, place, index, ...rest] = pointer.split("/");
  if (area === "theme") {
    return { tab: "theme", scheme: place === "dark" ? "dark" : "light" };
  }
  if (area === "languages") return { tab: "languages" };
  if (area === "texts") return { tab: "words", language: place };
  const state = STATES.find((one) => one === place);
  if (state === undefined) return {};
  // The last part of a text's place is its language.
  const language = rest.findLast((part) => languages.includes(part));
  return {
    state,
    example: undefined,
    tab: undefined,
    block: idOf(state, Number(index)),
    ...(language === undefined ? {} : { language }),
  };
}
