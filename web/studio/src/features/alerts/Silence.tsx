/** Silences a rule for a while, or ends that. */

import { Button, Menu } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useState } from "react";

import type { AlertRuleView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { failed } from "../../ui/notify.ts";
import { Permitted, useForbidden } from "../people/Permitted.tsx";
import { silence } from "./queries.ts";

const TIMES = [60, 8 * 60, 24 * 60, 7 * 24 * 60] as const;

interface SilenceProps {
  readonly appId: string;
  readonly rule: AlertRuleView;
}

export function Silence({ appId, rule }: SilenceProps) {
  const [busy, setBusy] = useState(false);
  const words = t.alerts;
  const forbidden = useForbidden("alerts:write", appId);
  const set = async (minutes: number | null) => {
    setBusy(true);
    try {
      await silence(appId, rule.id, minutes);
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  if (rule.status.silencedUntil != null) {
    return (
      <Permitted scope="alerts:write" appId={appId}>
        <Button
          variant="default"
          loading={busy}
          leftSection={<IconBell size={16} />}
          onClick={() => void set(null)}
        >
          {words.endSilence}
        </Button>
      </Permitted>
    );
  }
  const button = (
    <Button variant="default" loading={busy} leftSection={<IconBellOff size={16} />}>
      {words.silence}
    </Button>
  );
  if (forbidden !== null) {
    return (
      <Permitted scope="alerts:write" appId={appId}>
        {button}
      </Permitted>
    );
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        {TIMES.map((minutes) => (
          <Menu.Item key={minutes} onClick={() => void set(minutes)}>
            {words.silenceFor[minutes]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
