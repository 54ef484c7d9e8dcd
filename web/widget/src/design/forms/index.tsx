/** Forms, consent and call-back requests: their blocks, and what comes of what is filled in. */

import type { design } from "@bellpush/protocol";
import type { ComponentType } from "preact";
import type { Given } from "../../call/placing.ts";
import type { Failure } from "../../errors.ts";
import { type FormTexts, loadFormTexts } from "../../i18n/forms/index.ts";
import css from "../../styles/form.css?inline";
import { adopt } from "../../ui/adopt.ts";
import { Text } from "../../ui/Text.tsx";
import type { ExtrasPorts } from "../ports.ts";
import { type BlockProps, blocksOf, type Scene } from "../scene.ts";
import { languageFor, wordsOf } from "../words.ts";
import { Callback } from "./Callback.tsx";
import { Consent } from "./Consent.tsx";
import { FieldRow, type FormScene } from "./FieldRow.tsx";
import { fieldOf } from "./pointer.ts";
import { CONSENT, createSheet } from "./sheet.ts";
import { isBlank } from "./validation.ts";

export interface Forms {
  texts(): FormTexts;
  learn(language: string): Promise<void>;
  /** What goes with a call; null when something is missing, which then has the focus. */
  collect(scene: Scene): Pick<Given, "formValues" | "consent"> | null;
  /** Marks the field that the server did not like; false when it is none of those. */
  mend(failure: Failure): boolean;
  /** The design is another one than that which was filled in. */
  hasChanged(): void;
  readonly Block: ComponentType<BlockProps>;
}

/** `renew` shows the design that the server takes answers to now; false when it can't be had. */
export async function createForms(
  ports: ExtrasPorts,
  language: string,
  renew: () => Promise<boolean>,
): Promise<Forms> {
  const sheet = createSheet();
  let texts = await loadFormTexts(language);
  let changed = false;
  /** The hash of the words that were accepted: other words are accepted anew. */
  let accepted: string | null = null;
  /** The fields of the form, as they were last taken. */
  let asked: readonly string[] = [];

  adopt(css);
  const hashOf = ({ shown, language: tag }: Scene) =>
    shown.consentHashes[languageFor(shown.design.languages, tag)] ?? null;

  function Block({ block, scene: plain }: BlockProps) {
    const scene: FormScene = {
      ...plain,
      t: { ...texts, ...plain.t },
      sheet,
      redraw: () => ports.draw(),
    };
    switch (block.type) {
      case "form":
        return <Form block={block} scene={scene} changed={changed} />;
      case "consent": {
        const hash = hashOf(scene);
        return (
          <Consent
            block={block}
            scene={scene}
            accepted={hash !== null && accepted === hash}
            onAccept={(accepts) => {
              accepted = accepts ? hash : null;
              sheet.forgive(CONSENT);
              ports.draw();
            }}
          />
        );
      }
      case "callback":
        return <Callback block={block} scene={scene} ports={ports} renew={renew} />;
      default:
        return null;
    }
  }

  return {
    Block,
    texts: () => texts,
    async learn(next) {
      texts = await loadFormTexts(next);
    },
    collect(scene) {
      changed = false;
      const blocks = blocksOf(scene);
      const fields = blocks.flatMap((block) => (block.type === "form" ? block.fields : []));
      asked = fields.map(({ name }) => name);
      const values = sheet.take(fields);
      const consent = blocks.find((block) => block.type === "consent");
      const hash = hashOf(scene);
      const accepts = hash !== null && accepted === hash;
      const missing = consent?.mode === "accept" && !accepts;
      if (missing) {
        sheet.blame(CONSENT, "required");
      }
      if (values === null || missing) {
        ports.draw();
        return null;
      }
      return {
        ...(Object.keys(values).length === 0 ? {} : { formValues: values }),
        ...(consent === undefined || hash === null
          ? {}
          : { consent: { hash, accepted: consent.mode === "accept" } }),
      };
    },
    mend({ pointer }) {
      if (pointer === CONSENT) {
        accepted = null;
        sheet.blame(CONSENT, "required");
        return true;
      }
      const name = fieldOf(pointer);
      if (name === null || !asked.includes(name)) {
        return false;
      }
      sheet.blame(name, isBlank(sheet.valueOf(name)) ? "required" : "invalid");
      return true;
    },
    hasChanged() {
      changed = true;
    },
  };
}

interface FormProps {
  readonly block: design.Block & { readonly type: "form" };
  readonly scene: FormScene;
  readonly changed: boolean;
}

function Form({ block, scene, changed }: FormProps) {
  return (
    <div class="bp-form">
      {block.title && <Text as="p" class="bp-form-title" {...wordsOf(block.title, scene)} />}
      <p class="bp-fault" role="alert">
        {changed && <Text text={scene.t.form.changed} />}
      </p>
      {block.fields.map((field) => (
        <FieldRow key={field.name} field={field} scene={scene} onEnter={scene.actions.tap} />
      ))}
    </div>
  );
}
