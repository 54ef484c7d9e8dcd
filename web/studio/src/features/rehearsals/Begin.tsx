/** What is to go wrong, and for how long. */

import { Button, Group, Radio, Select, Stack, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";

import { client } from "../../api/client.ts";
import type { Fault } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { done } from "../../ui/notify.ts";
import { useAct } from "../../ui/useAct.ts";
import { Permitted } from "../people/Permitted.tsx";
import { faultsOf, refreshRehearsals, type Target } from "./queries.ts";

const LENGTHS = [30, 60, 120, 300, 600] as const;

interface BeginProps {
  readonly appId: string;
  readonly target: Target;
}

export function Begin({ appId, target }: BeginProps) {
  const faults = faultsOf(target);
  const [fault, setFault] = useState<Fault>(faults[0] ?? "server_error");
  const [seconds, setSeconds] = useState<number>(120);
  const words = t.rehearsals;
  const begin = async () => {
    await client.POST("/v1/apps/{appId}/rehearsals", {
      params: { path: { appId } },
      body: { ...target, fault, seconds },
    });
    await refreshRehearsals();
    done(words.begun);
  };
  const act = useAct(begin, [fault, seconds]);
  return (
    <form onSubmit={act.submit}>
      <Stack gap="md" align="flex-start">
        <Radio.Group
          label={words.fault}
          value={fault}
          onChange={(value) => setFault(faults.find((one) => one === value) ?? fault)}
        >
          <Stack gap="xs" mt="xs">
            {faults.map((one) => (
              <Radio
                key={one}
                value={one}
                label={words.faults[one][0]}
                description={words.faults[one][1]}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group align="flex-end" gap="sm">
          <Select
            label={words.during}
            allowDeselect={false}
            data={LENGTHS.map((value) => ({
              value: String(value),
              label: words.lengths[value] ?? "",
            }))}
            value={String(seconds)}
            onChange={(value) => setSeconds(Number(value ?? 120))}
            w={160}
          />
          <Permitted scope="settings:write" appId={appId}>
            <Button type="submit" loading={act.busy} leftSection={<IconPlayerPlay size={16} />}>
              {words.begin}
            </Button>
          </Permitted>
        </Group>
        {act.error !== null && (
          <Text c="var(--studio-bad)" role="alert" className="foreign">
            {act.error}
          </Text>
        )}
      </Stack>
    </form>
  );
}
