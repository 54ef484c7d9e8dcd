/** Words that have to be accepted before a call, or are only shown. */

import type { design } from "@bellpush/protocol";
import { Text } from "../../ui/Text.tsx";
import { Rich } from "../Rich.tsx";
import { type FormScene, useAttention } from "./FieldRow.tsx";
import { CONSENT } from "./sheet.ts";

export interface ConsentProps {
  readonly block: design.Block & { readonly type: "consent" };
  readonly scene: FormScene;
  readonly accepted: boolean;
  readonly onAccept: (accepts: boolean) => void;
}

export function Consent({ block, scene, accepted, onAccept }: ConsentProps) {
  const { sheet, t } = scene;
  const ref = useAttention(sheet, CONSENT);
  if (block.mode !== "accept") {
    return (
      <p class="bp-hint bp-rich">
        <Rich text={block.text} scene={scene} />
      </p>
    );
  }
  const missing = sheet.faultOf(CONSENT) !== null;
  return (
    <div class="bp-form bp-field">
      <label class="bp-check bp-rich">
        <input
          ref={ref}
          type="checkbox"
          aria-required="true"
          aria-invalid={missing}
          aria-describedby={missing ? "bp-consent-fault" : undefined}
          checked={accepted}
          onChange={({ currentTarget }) => onAccept(currentTarget.checked)}
        />
        <Rich text={block.text} scene={scene} />
      </label>
      {missing && (
        <p id="bp-consent-fault" class="bp-fault">
          <Text text={t.consent.required} />
        </p>
      )}
    </div>
  );
}
