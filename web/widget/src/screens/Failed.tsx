import { useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";
import { Emblem, Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";

export interface FailedProps {
  readonly state: CallState & { name: "error" };
  readonly t: Texts;
  readonly actions: Actions;
}

/** Codes after which a call goes on without what is missing. */
const WITHOUT_MICROPHONE = ["microphone_denied", "microphone_unavailable"];

export function Failed({ state, t, actions }: FailedProps) {
  const [copied, setCopied] = useState(false);
  const { code, reason } = state;
  const listens = WITHOUT_MICROPHONE.includes(code) || reason === "no_devices";
  // Nothing gets better here by trying again.
  const hopeless = code === "browser_unsupported";
  return (
    <Screen name="error" title={t.error.title} emblem={<Emblem icon="alert" tone="alert" />}>
      <Text as="p" class="bp-text" text={explain(state, t)} />
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
          <Text text={code === "session_expired" ? t.error.reload : t.error.retry} />
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
    </Screen>
  );
}

/** What happened, and what the visitor can do. */
export function explain({ code, reason, message }: FailedProps["state"], t: Texts): string {
  const byReason: Readonly<Record<string, string>> = t.error.reasons;
  return (reason === null ? undefined : byReason[reason]) ?? t.error.messages[code] ?? message;
}
