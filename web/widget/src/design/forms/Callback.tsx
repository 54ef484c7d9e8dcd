/** A request to be called back, from the fields to the thanks. */

import type { CallbackAccepted, CallbackReason, CallbackRequest, design } from "@bellpush/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Result, request, unreadable } from "../../errors.ts";
import { authorized } from "../../session.ts";
import type { CallState } from "../../state.ts";
import { Icon } from "../../ui/Icon.tsx";
import { Text } from "../../ui/Text.tsx";
import type { ExtrasPorts } from "../ports.ts";
import { wordsOf } from "../words.ts";
import { FieldRow, type FormScene } from "./FieldRow.tsx";
import { fieldOf } from "./pointer.ts";
import { isBlank } from "./validation.ts";

type CallbackBlock = design.Block & { readonly type: "callback" };

export interface CallbackProps {
  readonly block: CallbackBlock;
  readonly scene: FormScene;
  readonly ports: ExtrasPorts;
  /** Shows another design in the place of one that is gone; false when it can't be had. */
  readonly renew: () => Promise<boolean>;
}

export function Callback({ block, scene, ports, renew }: CallbackProps) {
  const { sheet, t } = scene;
  const [stage, setStage] = useState<"asked" | "sending" | "taken">("asked");
  const [failure, setFailure] = useState<string | null>(null);
  const thanks = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (stage === "taken" && document.hasFocus()) {
      thanks.current?.focus();
    }
  }, [stage]);

  if (stage === "taken") {
    return (
      <p ref={thanks} class="bp-thanks" role="status" tabIndex={-1}>
        <Icon name="check" />
        <Text text={t.callback.taken} />
      </p>
    );
  }

  async function send(): Promise<void> {
    if (stage === "sending") {
      return;
    }
    const formValues = take(block, scene);
    setFailure(null);
    if (formValues === null) {
      scene.redraw();
      return;
    }
    setStage("sending");
    const { designVersion } = scene.shown;
    const callId = ports.callId();
    const result = await ask(ports, {
      reason: reasonOf(scene.state),
      formValues,
      language: scene.language,
      ...(callId === null ? {} : { callId }),
      ...(designVersion === null ? {} : { designVersion }),
    });
    if (result.ok) {
      setStage("taken");
      ports.scope().events.pass(result.value.event);
      return;
    }
    setStage("asked");
    const { code, status, pointer, detail } = result.failure;
    const name = fieldOf(pointer);
    if (pointer === "/designVersion") {
      setFailure((await renew()) ? null : t.callback.failed);
    } else if (name !== null && fieldsOf(block).some((field) => field.name === name)) {
      sheet.blame(name, isBlank(sheet.valueOf(name)) ? "required" : "invalid");
      scene.redraw();
    } else {
      ports.warn(`The call-back request was not taken: ${detail}.`);
      const told = status === 429 || code === "session_expired";
      setFailure((told ? t.error.messages[code] : undefined) ?? t.callback.failed);
    }
  }

  return (
    <form
      class="bp-form bp-callback"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2 class="bp-form-title">
        <Text {...wordsOf(block.title ?? "callback.title", scene)} />
      </h2>
      {block.text && <Text as="p" class="bp-hint" {...wordsOf(block.text, scene)} />}
      {fieldsOf(block).map((field) => (
        <FieldRow key={field.name} field={field} scene={scene} />
      ))}
      <p class="bp-fault" role="alert">
        {failure !== null && <Text text={failure} />}
      </p>
      <button type="submit" class="bp-button bp-primary">
        <Text text={t.callback.submit} />
      </button>
    </form>
  );
}

/** By what the visitor is reached, and when: the same fields as at the server. */
function fieldsOf({ contact, askTime, fields = [] }: CallbackBlock): readonly design.Field[] {
  const either = contact === "either";
  const field = (name: string, kind: design.FieldKind, label: design.Text, required: boolean) =>
    ({ name, kind, label, required, maxLength: 200 }) satisfies design.Field;
  return [
    ...(contact === "email" ? [] : [field("phone", "phone", "callback.phone", !either)]),
    ...(contact === "phone" ? [] : [field("email", "email", "callback.email", !either)]),
    ...(askTime ? [field("time", "text", "callback.time", false)] : []),
    ...fields,
  ];
}

function take(block: CallbackBlock, { sheet }: FormScene): Record<string, string> | null {
  const values = sheet.take(fieldsOf(block));
  if (values !== null && block.contact === "either" && !values.phone && !values.email) {
    sheet.blame("phone", "either");
    return null;
  }
  return values;
}

/** Why the visitor asks, as far as the widget knows. */
function reasonOf(state: CallState): CallbackReason {
  if (state.name === "closed") {
    return "closed";
  }
  switch (state.name === "error" ? state.code : "") {
    case "destination_busy":
      return "busy";
    case "no_answer":
      return "unanswered";
    case "destination_unreachable":
    case "destination_rejected":
    case "signaling_failed":
    case "server_shutdown":
      return "unreachable";
    default:
      return "other";
  }
}

async function ask(ports: ExtrasPorts, wanted: CallbackRequest): Promise<Result<CallbackAccepted>> {
  const result = await authorized(ports.scope().session, (authorization) =>
    request(ports.fetch, "/v1/widget/callbacks", {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization },
      body: JSON.stringify(wanted),
    }),
  );
  if (!result.ok) {
    return result;
  }
  try {
    return { ok: true, value: (await result.value.json()) as CallbackAccepted };
  } catch {
    return unreadable("the answer to the call-back request can't be read");
  }
}
