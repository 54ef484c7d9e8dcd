/** What the visitor answered and agreed to. */

import { Rating, Text } from "@mantine/core";

import type { Answers, ConsentRecord } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Facts } from "../../ui/Facts.tsx";
import { Section } from "../../ui/Section.tsx";
import { Time } from "../../ui/Time.tsx";

export function Survey({ survey }: { readonly survey: Answers }) {
  return (
    <Section title={t.calls.one.survey}>
      <Facts
        of={[
          ...survey.answers.map(
            ({ questionId, rating }) =>
              [
                questionId,
                <span key={questionId} role="img" aria-label={`${rating} / 5`}>
                  <Rating value={rating} readOnly color="teal" size="sm" aria-hidden />
                </span>,
              ] as const,
          ),
          [t.calls.one.comment, survey.comment],
        ]}
      />
    </Section>
  );
}

export function Consent({ consent }: { readonly consent: ConsentRecord }) {
  const words = t.calls.one;
  return (
    <Section title={words.consent}>
      <Text>
        {consent.accepted ? words.consentGiven : words.consentRefused} · <Time value={consent.at} />
      </Text>
      <Text c="dimmed" size="sm" mt="xs">
        {words.consentText} ({consent.language}, {consent.version})
      </Text>
      <Text className="foreign" mt={4}>
        {consent.text}
      </Text>
    </Section>
  );
}
