/** What the far side lets the visitor know: a queue, a transfer. Loaded when there is something. */

import type { CallNotice } from "@bellpush/protocol";
import { useEffect, useState } from "preact/hooks";
import type { Texts } from "../i18n/index.ts";
import { loadNoticeTexts, type NoticeTexts } from "../i18n/notices/index.ts";
import type { Calling } from "../state.ts";
import { Text } from "../ui/Text.tsx";

export interface FarNoticeProps {
  readonly state: Calling;
  readonly t: Texts;
}

export function FarNotice({ state, t }: FarNoticeProps) {
  const [texts, setTexts] = useState<NoticeTexts | null>(null);
  useEffect(() => {
    let wanted = true;
    loadNoticeTexts(t.language).then(
      (loaded) => wanted && setTexts(loaded),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [t.language]);
  const { notice, phase, leaving } = state;
  // Who has been connected waits no more.
  const shown =
    leaving || (notice?.kind === "queued" && phase === "connected") ? undefined : notice;
  return (
    <div role="status">
      {texts !== null && shown !== undefined && (
        <Text as="p" class="bp-notice" text={noticeText(shown, t.language, texts)} />
      )}
    </div>
  );
}

/** A notice in the visitor's words. */
export function noticeText(notice: CallNotice, language: string, texts: NoticeTexts): string {
  if (notice.kind === "transferred") {
    return texts.transferred;
  }
  const { position, waitSeconds } = notice;
  const place = position === null ? texts.queued : texts.position(number(position, language));
  return waitSeconds === null ? place : `${place} ${texts.wait(minutes(waitSeconds, language))}`;
}

function number(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}

/** Whole minutes, since nobody can tell a wait by the second. */
function minutes(seconds: number, language: string): string {
  const unit = { style: "unit", unit: "minute", unitDisplay: "long" } as const;
  return new Intl.NumberFormat(language, unit).format(Math.ceil(seconds / 60));
}
