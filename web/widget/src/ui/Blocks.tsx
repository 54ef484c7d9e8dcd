/** The blocks of a state, one under the other. Those that every design has are here. */

import type { design, State } from "@bellpush/protocol";
import { type BlockProps, blocksOf, type Scene } from "../design/scene.ts";
import { wordsOf } from "../design/words.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { Lazy } from "./Lazy.tsx";
import { Text } from "./Text.tsx";

type Tone = "accent" | "calm" | "alert";

const SIGNS: { readonly [S in State]?: readonly [IconName, Tone] } = {
  idle: ["phone", "accent"],
  closed: ["moon", "calm"],
  ended: ["check", "accent"],
  survey_submitted: ["check", "accent"],
  error: ["alert", "alert"],
};

/** What the state is called on the screen, and when it is said. */
export function titleOf(scene: Scene): string {
  const heading = blocksOf(scene).find((block) => block.type === "heading");
  const group = scene.state.name.replace("survey_", "");
  return wordsOf(heading?.text ?? (`${group}.title` as design.TextKey), scene).text;
}

export function Blocks({ scene }: { readonly scene: Scene }) {
  const { name } = scene.state;
  const blocks = blocksOf(scene);
  const sign = SIGNS[name];
  const title = blocks.find((block) => block.type === "heading");
  return (
    <main class={`bp-screen bp-${name}`}>
      {scene.extras?.sign(scene) ??
        (sign && (
          <div class={`bp-emblem bp-tone-${sign[1]}`}>
            <Icon name={sign[0]} />
          </div>
        ))}
      {title === undefined && (
        <h1 class="bp-announcement" tabIndex={-1}>
          <Text text={titleOf(scene)} />
        </h1>
      )}
      <List blocks={blocks} title={title} scene={scene} />
    </main>
  );
}

interface ListProps {
  readonly blocks: readonly design.Block[];
  readonly title?: design.Block | undefined;
  readonly scene: Scene;
}

export function List({ blocks, title, scene }: ListProps) {
  return (
    <>
      {blocks.map((block, index) =>
        block === title && block.type === "heading" ? (
          <h1 key={index} tabIndex={-1}>
            <Text {...wordsOf(block.text, scene)} />
          </h1>
        ) : (
          <One key={index} block={block} scene={scene} />
        ),
      )}
    </>
  );
}

function One({ block, scene }: BlockProps) {
  switch (block.type) {
    case "paragraph":
      if (block.text) {
        return <Text as="p" class="bp-text" {...wordsOf(block.text, scene)} />;
      }
      break;
    case "hours":
      return scene.open ? null : (
        <Text
          as="p"
          class="bp-text"
          {...wordsOf((scene.opensAt === null && block.text) || "closed.opens", scene)}
        />
      );
    case "call":
      return <Call block={block} scene={scene} />;
    case "survey":
      return (
        <Lazy
          load={() => import("../screens/Survey.tsx")}
          render={({ Survey }) => <Survey block={block} scene={scene} />}
        />
      );
  }
  const Extra = scene.extras?.Extra;
  return Extra ? <Extra block={block} scene={scene} /> : null;
}

function Call({ block, scene }: BlockProps<"call">) {
  const { state, later, actions } = scene;
  const Again = later?.Again;
  const first = state.name === "idle" || state.name === "closed";
  return (
    <>
      {first || !Again ? (
        <button
          type="button"
          class="bp-button bp-primary bp-call"
          disabled={!first || (state.name === "closed" && !state.elsewhere)}
          onClick={actions.tap}
        >
          <Icon name="phone" />
          <Text {...wordsOf(block.label, scene)} />
        </button>
      ) : (
        <Again block={block} scene={scene} />
      )}
      {block.hint && <Text as="p" class="bp-hint" {...wordsOf(block.hint, scene)} />}
    </>
  );
}
