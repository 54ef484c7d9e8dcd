/** A test call over the screen that it was asked for from. */

import { Text } from "@mantine/core";

import { t } from "../../texts/index.ts";
import { Modal } from "../../ui/dialogs.tsx";
import { TestCall } from "./TestCall.tsx";

interface TestCallDialogProps {
  readonly appId: string;
  readonly profileId?: string;
  readonly onClose: () => void;
}

export default function TestCallDialog({ appId, profileId, onClose }: TestCallDialogProps) {
  return (
    <Modal
      opened
      onClose={onClose}
      size="58rem"
      title={t.apps.tryIt.title}
      closeButtonProps={{ "aria-label": t.apps.tryIt.closed }}
      // A click beside it would end a call.
      closeOnClickOutside={false}
    >
      <Text c="dimmed" mb="md">
        {t.apps.tryIt.lead}
      </Text>
      <TestCall appId={appId} profileId={profileId} />
    </Modal>
  );
}
