/** Forms, consent, call-back, survey and buttons of the design in one place, without the canvas. */

import type { State } from "@bellpush/protocol";
import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { IconForms } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { t } from "../../../texts/index.ts";
import { ButtonLink, TextLink } from "../../../ui/links.tsx";
import { Screen } from "../../../ui/Screen.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Loaded, Nothing } from "../../../ui/states.tsx";
import { TestCallButton } from "../../sessions/TestCallButton.tsx";
import { newId } from "../blocks/newId.ts";
import { type Block, blocksIn, type Kind, STATES } from "../core/document.ts";
import { fieldNames, newBlock, refusal } from "../core/kinds.ts";
import { addBlock } from "../core/operations.ts";
import { type EditingContext, EditingProvider } from "../editing.ts";
import { blockName, kindName } from "../names.ts";
import { BlockFields } from "../panel/BlockPanel.tsx";
import { ClashDialog } from "../session/ClashDialog.tsx";
import { History, Notices } from "../session/Status.tsx";
import type { Saved } from "../session/session.ts";
import { useDesign, useDraft } from "../session/useDesign.ts";

const route = "/frame/apps/$appId/forms";

/** What is asked of visitors, and where a new one goes. */
const ASKING = [
  ["form", "idle"],
  ["consent", "idle"],
  ["survey", "survey"],
  ["callback", "closed"],
  ["button", "idle"],
] as const satisfies readonly (readonly [Kind, State])[];

export default function Forms() {
  const { appId } = useParams({ from: route });
  const draft = useDraft(appId);
  if (draft.data !== undefined) return <Editing key={appId} appId={appId} initial={draft.data} />;
  return (
    <Screen title={t.design.forms.title} lead={t.design.forms.lead}>
      <Loaded query={draft} rows={8}>
        {() => null}
      </Loaded>
    </Screen>
  );
}

function Editing({ appId, initial }: { readonly appId: string; readonly initial: Saved }) {
  const editing = useDesign(appId, initial);
  const { session, view } = editing;
  const { present: document } = view.history;
  const search = useSearch({ from: route });
  const navigate = useNavigate({ from: "/apps/$appId/forms" });
  const words = t.design.forms;
  const language =
    document.languages.find((one) => one === search.language) ?? document.languages[0] ?? "en";
  const context: EditingContext = {
    appId,
    document,
    language,
    state: "idle",
    words: {},
    edit: editing.edit,
    seal: session.seal,
    undo: session.undo,
    redo: session.redo,
    go: (change) => void navigate({ search: { language: change.language }, replace: true }),
  };
  return (
    <EditingProvider value={context}>
      <Screen
        title={words.title}
        lead={words.lead}
        actions={
          <>
            <History editing={editing} />
            <TestCallButton
              appId={appId}
              variant="default"
              label={words.test}
              before={session.flush}
            />
            <ButtonLink to="/apps/$appId/design" params={{ appId }}>
              {words.toDesign}
            </ButtonLink>
          </>
        }
      >
        <Notices editing={editing} />
        {document.languages.length > 1 && (
          <Group gap="xs" mb="md">
            {document.languages.map((one) => (
              <Anchor
                key={one}
                component="button"
                type="button"
                aria-pressed={one === language}
                fw={one === language ? 600 : undefined}
                onClick={() => context.go({ language: one })}
              >
                {one}
              </Anchor>
            ))}
          </Group>
        )}
        <Stack gap="lg">
          {ASKING.map(([kind, place]) => (
            <Kinds key={kind} kind={kind} place={place} context={context} />
          ))}
        </Stack>
      </Screen>
      {editing.clashes !== null && (
        <ClashDialog
          appId={appId}
          document={document}
          clashes={editing.clashes}
          onResolve={editing.resolve}
        />
      )}
    </EditingProvider>
  );
}

interface KindsProps {
  readonly kind: (typeof ASKING)[number][0];
  readonly place: State;
  readonly context: EditingContext;
}

function Kinds({ kind, place, context }: KindsProps) {
  const { appId, document, language, edit } = context;
  const words = t.design.forms;
  const found: readonly (readonly [State, Block])[] = STATES.flatMap((state) =>
    blocksIn(document, state)
      .filter(({ type }) => type === kind)
      .map((block) => [state, block] as const),
  );
  const add = () =>
    edit((present) => {
      const block = newBlock(kind, newId(), present, t.design.fresh, fieldNames(present));
      const blocks = blocksIn(present, place);
      // What is asked before a call stands above the button that begins it.
      const button = blocks.findIndex(({ type }) => type === "call");
      const next = addBlock(present, place, button < 0 ? blocks.length : button, block);
      const needsTitle = kind === "survey" && blocks.length === 0;
      const title: Block = { type: "heading", id: newId(), text: "survey.title" };
      return needsTitle ? addBlock(next, place, 0, title) : next;
    });
  const isRefused = refusal(document, kind, place) !== null;
  return (
    <Section
      title={words.sections[kind]}
      lead={words.leads[kind]}
      actions={
        !isRefused && (
          <Anchor component="button" type="button" onClick={add}>
            {t.design.blocks.add}: {kindName(kind)}
          </Anchor>
        )
      }
    >
      {found.length === 0 ? (
        <Nothing icon={<IconForms size={22} stroke={1.6} />} title={words.none[kind]} />
      ) : (
        <Stack gap="xl">
          {found.map(([state, block]) => (
            <div key={block.id}>
              <Group gap="xs" mb="sm">
                <Text fw={600}>{blockName(block, language, {})}</Text>
                <Badge variant="light">{t.design.states[state]}</Badge>
                <TextLink
                  size="sm"
                  to="/apps/$appId/design"
                  params={{ appId }}
                  search={{ state, block: block.id }}
                >
                  {words.onCanvas}
                </TextLink>
              </Group>
              <Stack gap="md" maw={560}>
                <BlockFields block={block} />
              </Stack>
            </div>
          ))}
        </Stack>
      )}
    </Section>
  );
}
