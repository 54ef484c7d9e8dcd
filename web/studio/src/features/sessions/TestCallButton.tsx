/** The way to a test call, from wherever calls are set up. */

import { Button, type ButtonProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPhone } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";

import { t } from "../../texts/index.ts";
import { refreshApps } from "../apps/queries.ts";
import { Permitted } from "../people/Permitted.tsx";

const Dialog = lazy(() => import("./TestCallDialog.tsx"));

interface TestCallButtonProps extends ButtonProps {
  readonly appId: string;
  readonly profileId?: string;
  readonly label?: string;
  /** What is done first, such as saving what the call is to show. */
  readonly before?: () => Promise<unknown>;
}

export function TestCallButton({ appId, profileId, label, before, ...props }: TestCallButtonProps) {
  const [isOpen, dialog] = useDisclosure(false);
  const [busy, setBusy] = useState(false);
  const begin = async () => {
    setBusy(true);
    try {
      await before?.();
      dialog.open();
    } finally {
      setBusy(false);
    }
  };
  const close = () => {
    dialog.close();
    void refreshApps();
  };
  return (
    <>
      <Permitted scope="settings:write" appId={appId}>
        <Button
          leftSection={<IconPhone size={16} />}
          loading={busy}
          onClick={() => void begin()}
          {...props}
        >
          {label ?? t.apps.tryIt.act}
        </Button>
      </Permitted>
      <Suspense>
        {isOpen && <Dialog appId={appId} profileId={profileId} onClose={close} />}
      </Suspense>
    </>
  );
}
