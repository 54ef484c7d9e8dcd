/**
 * What only some designs need: conditions, theme, other words for the widget's texts, and all blocks
 * that the default design does without. Loaded before the first screen of such a design.
 */

import type { design, State, ToldDesign } from "@bellpush/protocol";
import { Component, type ComponentChildren } from "preact";
import type { Given } from "../call/placing.ts";
import type { Failure } from "../errors.ts";
import type { Texts } from "../i18n/index.ts";
import { loadPart } from "../load.ts";
import type { CallState } from "../state.ts";
import css from "../styles/design.css?inline";
import { adopt } from "../ui/adopt.ts";
import { Button } from "./Button.tsx";
import { holds } from "./condition.ts";
import type { Forms } from "./forms/index.tsx";
import { overridden } from "./override.ts";
import type { ExtrasPorts } from "./ports.ts";
import { Rich } from "./Rich.tsx";
import { reload } from "./reload.ts";
import { type BlockProps, blocksOf, type Extras, type Scene } from "./scene.ts";
import { cssOf } from "./theme.ts";
import { wordsOf } from "./words.ts";

export interface DesignExtras extends Extras {
  /** Loads what is said in a language. */
  learn(language: string): Promise<void>;
  /** The texts with the design's own words in their place. */
  say(texts: Texts, language: string): Texts;
  /** What goes with a call; null when the visitor has to fill in something first. */
  collect(scene: Scene): Given | null;
  /** Has the visitor mend what the server did not like; false when that can't be done. */
  mend(failure: Failure): boolean;
}

/** What the part for forms has words and blocks for. */
const FORMS = /"(form|consent|callback)[".]/;

export async function createExtras(ports: ExtrasPorts, first: string): Promise<DesignExtras> {
  let language = first;
  let forms: Forms | null = null;
  let loading: Promise<void> | null = null;
  const theme = new CSSStyleSheet();
  let font: FontFace | null = null;
  /** What a designer looks at, instead of what. */
  let example: { readonly state: CallState; readonly instead: State | null } | null = null;
  let live: State | null = null;
  /** A designer, told what is drawn. */
  let designed: ((scene: Scene) => void) | null = null;

  /** Before there is anything, nothing can be drawn anew. */
  const redraw = () => live !== null && ports.draw();

  function loadForms(): Promise<void> {
    loading ??= loadPart(() => import("./forms/index.tsx"))
      .then(({ createForms }) => createForms(ports, language, renew))
      .then(
        (loaded) => {
          forms = loaded;
        },
        () => {
          loading = null;
          ports.warn("The form of the design could not be loaded.");
        },
      );
    return loading;
  }

  /** Loads what the design needs: what its first screen shows is waited for. */
  async function prepare({ states }: ToldDesign): Promise<void> {
    const { idle, closed, ...others } = states;
    if (FORMS.test(JSON.stringify([idle, closed]))) {
      await loadForms();
    } else if (FORMS.test(JSON.stringify(others))) {
      void loadForms().then(redraw);
    }
  }

  function dress(own: design.Theme | undefined): void {
    theme.replaceSync(own === undefined ? "" : cssOf(own));
    const file = own?.font.file;
    if (font !== null) {
      document.fonts.delete(font);
    }
    font = file ? new FontFace(file.family, `url(${JSON.stringify(file.url)})`) : null;
    if (font !== null) {
      document.fonts.add(font);
    }
  }

  /** Puts another design into force. */
  async function change(design: ToldDesign): Promise<void> {
    dress(design.theme);
    await prepare(design);
    ports.draw();
  }

  /** Shows the design that the server has now, whether it can be had; what is filled in stays. */
  async function renew(): Promise<boolean> {
    const shown = await reload(ports.fetch);
    if (shown === null) {
      ports.warn("The design has changed, and the new one could not be loaded.");
      return false;
    }
    forms?.hasChanged();
    ports.replace(shown);
    await change(shown.design);
    return true;
  }

  function Extra({ block, scene }: BlockProps) {
    return (
      <Boundary key={JSON.stringify(block)}>
        <Drawn block={block} scene={scene} />
      </Boundary>
    );
  }

  function Drawn({ block, scene }: BlockProps) {
    switch (block.type) {
      case "heading": {
        const { text, ...more } = wordsOf(block.text, scene);
        return (
          <h2 key={text} class="bp-heading" {...more}>
            {text}
          </h2>
        );
      }
      case "paragraph":
        return block.rich ? (
          <p class="bp-text bp-rich">
            <Rich text={block.rich} scene={scene} />
          </p>
        ) : null;
      case "image":
        return <Picture {...block} class="bp-image" scene={scene} />;
      case "divider":
        return <hr class="bp-divider" />;
      case "spacer":
        return <div class={`bp-spacer bp-${block.size}`} />;
      case "button":
        return <Button block={block} scene={scene} />;
      case "form":
      case "consent":
      case "callback":
        return forms && <forms.Block block={block} scene={scene} />;
      default:
        // A block of a later version is left out.
        return null;
    }
  }

  adopt(css);
  document.adoptedStyleSheets.push(theme);
  dress(ports.shown().design.theme);
  await prepare(ports.shown().design);
  const { designer } = ports;
  if (designer !== null) {
    void import("./designer.ts").then(({ followDesigner }) => {
      designed = followDesigner(window, designer, {
        onDesign(design) {
          ports.replace({ ...ports.shown(), design });
          return change(design);
        },
        onShow(state) {
          example = state && { state, instead: live };
          ports.draw();
        },
      });
      redraw();
    });
  }
  return {
    Extra,
    isShown({ when }, scene) {
      designed?.(scene);
      return !when || holds(when, scene);
    },
    sign(scene) {
      const logo = scene.shown.design.theme?.logo;
      if (scene.state.name === "idle" && logo) {
        return <Picture {...logo} class="bp-logo" scene={scene} />;
      }
      // One picture on top is enough.
      return blocksOf(scene)[0]?.type === "image" ? false : null;
    },
    display(state) {
      // What really happens is seen.
      if (state.name !== example?.instead) {
        example = null;
      }
      live = state.name;
      return example?.state ?? state;
    },
    async learn(next) {
      language = next;
      await forms?.learn(next);
    },
    say: (texts, tag) =>
      overridden({ ...texts, ...forms?.texts() }, ports.shown().design.texts, tag),
    collect(scene) {
      const { designVersion } = scene.shown;
      const about = {
        language: scene.language,
        ...(designVersion === null ? {} : { designVersion }),
      };
      if (!blocksOf(scene).some(({ type }) => type === "form" || type === "consent")) {
        return about;
      }
      if (forms === null) {
        void loadForms().then(redraw);
        return null;
      }
      const filledIn = forms.collect(scene);
      return filledIn && { ...about, ...filledIn };
    },
    mend(failure) {
      if (failure.pointer !== "/designVersion") {
        return forms?.mend(failure) ?? false;
      }
      void renew();
      return true;
    },
  };
}

/** A block that can't be drawn is left out: the call button is never lost with it. */
class Boundary extends Component<{ readonly children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ComponentChildren {
    return this.state.failed ? null : this.props.children;
  }
}

interface PictureProps {
  readonly src: string;
  readonly alt: design.Text;
  readonly width?: number | null;
  readonly class: string;
  readonly scene: Scene;
}

function Picture({ src, alt, width, class: name, scene }: PictureProps) {
  return (
    <img
      class={name}
      src={/^https:/i.test(src) ? src : ""}
      alt={wordsOf(alt, scene).text}
      width={width ?? undefined}
      referrerPolicy="no-referrer"
    />
  );
}
