/** How a call sounded, and what the phone system said to one that nobody took. */

import { SimpleGrid, Text } from "@mantine/core";

import type { CallQuality, SipFailure, StreamQuality } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Facts } from "../../ui/Facts.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { figure } from "../../ui/time.ts";
import { scoreOf } from "./outcome.ts";

export function QualityTotals({ quality }: { readonly quality: CallQuality }) {
  const { visitor, farSide } = quality;
  if (visitor == null && farSide == null) return null;
  return (
    <Section title={t.calls.one.qualityTitle}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {visitor != null && <Stream name={t.calls.one.visitor} stream={visitor} />}
        {farSide != null && <Stream name={t.calls.one.farSide} stream={farSide} />}
      </SimpleGrid>
    </Section>
  );
}

function Stream({ name, stream }: { readonly name: string; readonly stream: StreamQuality }) {
  const words = t.calls.one;
  const { tone, words: score } = scoreOf(stream.mos);
  const expected = stream.packets + stream.lost;
  const share = expected === 0 ? 0 : (100 * stream.lost) / expected;
  return (
    <div>
      <Text fw={600} mb="xs">
        {name}
      </Text>
      <Facts
        of={[
          [
            words.score,
            <Status key="score" tone={tone}>
              {stream.mos.toFixed(1)} · {score}
            </Status>,
          ],
          [words.loss, words.lossOf(figure(stream.lost), `${share.toFixed(1)} %`)],
          [words.jitter, `${stream.jitterMs.toFixed(1)} ms`],
          [
            words.roundTrip,
            stream.roundTripMs == null ? null : `${stream.roundTripMs.toFixed(0)} ms`,
          ],
          [words.codec, stream.codec],
        ]}
      />
    </div>
  );
}

export function PhoneSystem({ failure }: { readonly failure: SipFailure }) {
  const words = t.calls.one;
  return (
    <Section title={words.phoneSystem}>
      {failure.status == null && <Text>{words.noResponse}</Text>}
      <Facts
        of={[
          [
            words.status,
            failure.status == null ? null : `${failure.status} ${failure.reasonPhrase ?? ""}`,
          ],
          [words.warning, failure.warning && <code>{failure.warning}</code>],
          [words.reason, failure.reason && <code>{failure.reason}</code>],
          [words.sipCallId, <code key="id">{failure.callId}</code>],
        ]}
      />
    </Section>
  );
}
