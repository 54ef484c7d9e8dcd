/** The call button after a call, with what else can be done after one that failed. */

import { useState } from "preact/hooks";
import type { BlockProps, Scene } from "../design/scene.ts";
import { type Words, wordsOf } from "../design/words.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";
import { Icon } from "../ui/Icon.tsx";
import { Text } from "../ui/Text.tsx";

type Failed = CallState & { readonly name: "error" };

export function Again({ block, scene }: BlockProps<"call">) {
  const { state, actions } = scene;
  const label = wordsOf(block.label, scene);
  if (state.name === "error") {
    return <Retry state={state} label={label} scene={scene} />;
  }
  return (
    <button type="button" class="bp-button bp-primary" onClick={actions.startOver}>
      {state.name === "ended" && <Icon name="phone" />}
      <Text {...label} />
    </button>
  );
}

/** Codes after which a call goes on without what is missing. */
const WITHOUT_MICROPHONE = ["microphone_denied", "microphone_unavailable"];

interface RetryProps {
  readonly state: Failed;
  readonly label: Words;
  readonly scene: Scene;
}

function Retry({ state, label, scene: { t, actions } }: RetryProps) {
  const [copied, setCopied] = useState(false);
  const { code, reason } = state;
  const listens = WITHOUT_MICROPHONE.includes(code) || reason === "no_devices";
  // Nothing gets better here by trying again.
  const hopeless = code === "browser_unsupported";
  return (
    <>
      {hopeless ? (
        reason !== "insecure" && (
          <button
            type="button"
            class="bp-button bp-primary"
            onClick={() => void actions.copyAddress().then(() => setCopied(true))}
          >
            <Text text={copied ? t.copied : t.error.copyAddress} />
          </button>
        )
      ) : (
        <button type="button" class="bp-button bp-primary" onClick={() => actions.retry()}>
          <Text {...label} />
        </button>
      )}
      {listens && (
        <>
          <button type="button" class="bp-button bp-quiet" onClick={() => actions.retry(true)}>
            <Text text={t.error.listen} />
          </button>
          <Text as="p" class="bp-hint" text={t.error.listenHint} />
        </>
      )}
    </>
  );
}

/** What happened, and what the visitor can do. */
export function explain({ code, reason, message }: Failed, t: Texts): string {
  const byReason: Readonly<Record<string, string>> = t.error.reasons;
  return (reason === null ? undefined : byReason[reason]) ?? t.error.messages[code] ?? message;
}
