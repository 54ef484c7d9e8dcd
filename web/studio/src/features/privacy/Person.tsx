/** Looks for a person by a value that only they have. */

import { Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";

import type { PersonQuery, PersonView } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { useRefusal } from "../../ui/useRefusal.ts";
import { Permitted } from "../people/Permitted.tsx";
import { Found } from "./Found.tsx";
import { findPerson } from "./queries.ts";

/** What was looked for, with what was found. */
interface Look {
  readonly query: PersonQuery;
  readonly found: PersonView;
}

export function Person({ appId }: { readonly appId: string }) {
  const [by, setBy] = useState<PersonQuery["by"]>("context");
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useRefusal(by, key, value);
  const [look, setLook] = useState<Look | null>(null);
  const words = t.privacy.person;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const query: PersonQuery = { by, value, ...(key.trim() === "" ? {} : { key: key.trim() }) };
    setBusy(true);
    setError(null);
    setLook(null);
    try {
      setLook({ query, found: await findPerson(appId, query) });
    } catch (caught) {
      setError(asProblem(caught).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={words.title} lead={words.lead}>
      <Stack>
        <form onSubmit={submit}>
          <Stack gap="sm" maw={560}>
            <SegmentedControl
              aria-label={words.by}
              value={by}
              onChange={(chosen) => setBy(chosen === "form" ? "form" : "context")}
              data={[
                { value: "context", label: words.byContext },
                { value: "form", label: words.byForm },
              ]}
            />
            <TextInput
              label={by === "context" ? words.key : words.field}
              description={by === "context" ? words.keyHint : words.fieldHint}
              required={by === "context"}
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <TextInput
              label={words.value}
              description={words.valueHint}
              required
              autoComplete="off"
              value={value}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
            <Group>
              <Permitted scope="privacy:read" appId={appId}>
                <Button type="submit" loading={busy} leftSection={<IconSearch size={16} />}>
                  {words.find}
                </Button>
              </Permitted>
            </Group>
          </Stack>
        </form>
        <div aria-live="polite">
          {error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          {look !== null && <Found appId={appId} {...look} onErased={() => setLook(null)} />}
        </div>
      </Stack>
    </Section>
  );
}
