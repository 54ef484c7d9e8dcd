/** One field with its label, its hint, and what is wrong with it. */

import type { design } from "@bellpush/protocol";
import { useEffect, useRef } from "preact/hooks";
import type { FormTexts } from "../../i18n/forms/index.ts";
import type { Texts } from "../../i18n/index.ts";
import { Text } from "../../ui/Text.tsx";
import type { Scene } from "../scene.ts";
import { wordsOf } from "../words.ts";
import type { Sheet } from "./sheet.ts";
import type { Fault } from "./validation.ts";

/** What a form is drawn from. */
export interface FormScene extends Scene {
  readonly t: Texts & FormTexts;
  readonly sheet: Sheet;
  readonly redraw: () => void;
}

export interface FieldRowProps {
  readonly field: design.Field;
  readonly scene: FormScene;
  /** Enter was pressed in a line. */
  readonly onEnter?: () => void;
}

/** What browsers fill in by themselves, by the kind of field. */
const KNOWN: { readonly [K in design.FieldKind]?: string } = { email: "email", phone: "tel" };

export function FieldRow({ field, scene, onEnter }: FieldRowProps) {
  const { sheet } = scene;
  const { name, kind, required } = field;
  const id = `bp-field-${name}`;
  const fault = sheet.faultOf(name);
  const label = wordsOf(field.label, scene);
  const described = [fault && `${id}-fault`, field.hint && `${id}-hint`].filter(Boolean);
  const common = {
    id,
    name,
    ref: useAttention(sheet, name),
    "aria-required": required,
    "aria-invalid": fault !== null,
    "aria-describedby": described.join(" ") || undefined,
  };
  const value = sheet.valueOf(name);
  const write = (written: string) => {
    sheet.write(field, written);
    scene.redraw();
  };
  const below = (
    <>
      {field.hint && (
        <small id={`${id}-hint`}>
          <Text {...wordsOf(field.hint, scene)} />
        </small>
      )}
      <FaultLine id={`${id}-fault`} fault={fault} field={field} scene={scene} />
    </>
  );
  if (kind === "checkbox") {
    return (
      <div class="bp-field">
        <label class="bp-check">
          <input
            type="checkbox"
            {...common}
            checked={value === "true"}
            onChange={({ currentTarget }) => write(currentTarget.checked ? "true" : "")}
          />
          <Text {...label} />
        </label>
        {below}
      </div>
    );
  }
  return (
    <div class="bp-field">
      <label for={id}>
        <Text {...label} />
        {!required && (
          <>
            {" "}
            <Text as="small" text={scene.t.survey.commentHint} />
          </>
        )}
      </label>
      {kind === "select" ? (
        <select
          {...common}
          value={value}
          onChange={({ currentTarget }) => write(currentTarget.value)}
        >
          <option value="">{scene.t.form.choose}</option>
          {field.options?.map((option) => (
            <option key={option.value} value={option.value} selected={option.value === value}>
              {wordsOf(option.label, scene).text}
            </option>
          ))}
        </select>
      ) : kind === "textarea" ? (
        <textarea
          {...common}
          rows={3}
          value={value}
          onInput={({ currentTarget }) => write(currentTarget.value)}
        />
      ) : (
        <input
          {...typeOf(kind)}
          {...common}
          autocomplete={KNOWN[kind] ?? (name === "name" ? "name" : undefined)}
          value={value}
          onInput={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && onEnter !== undefined && !event.isComposing) {
              event.preventDefault();
              onEnter();
            }
          }}
        />
      )}
      {below}
    </div>
  );
}

/** The keyboard that fits, where there is one on the screen. */
function typeOf(kind: design.FieldKind): { readonly type: "text" } {
  const type = { email: "email", phone: "tel" }[kind as string] ?? "text";
  return { type } as { readonly type: "text" };
}

interface FaultLineProps {
  readonly id: string;
  readonly fault: Fault | null;
  readonly field?: design.Field;
  readonly scene: FormScene;
}

export function FaultLine({ id, fault, field, scene }: FaultLineProps) {
  return (
    fault && (
      <p id={id} class="bp-fault">
        <Text text={sentenceOf(fault, field, scene.t.form)} />
      </p>
    )
  );
}

function sentenceOf(
  fault: Fault,
  field: design.Field | undefined,
  texts: FormTexts["form"],
): string {
  switch (fault) {
    case "short":
      return texts.short(String(field?.minLength ?? 0));
    case "long":
      return texts.long(String(field?.maxLength ?? 2000));
    default:
      return texts[fault];
  }
}

/** Gives the focus to what is to be looked at, unless the visitor is elsewhere in the page. */
export function useAttention(sheet: Sheet, name: string) {
  const element = useRef<HTMLElement & HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement>(
    null,
  );
  useEffect(() => {
    if (sheet.takesFocus(name) && document.hasFocus()) {
      element.current?.focus();
    }
  });
  return element;
}
