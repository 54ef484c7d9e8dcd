/** Signing in: at first, and again over what is open when the session has ended. */

import { Button, Stack, Text } from "@mantine/core";

import { signedOut } from "../../../api/auth.ts";
import { api } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { Modal } from "../../../ui/dialogs.tsx";
import { Gate } from "./Gate.tsx";
import { SignInForm } from "./SignInForm.tsx";
import { leave } from "./seat.ts";

export function SignInScreen() {
  const options = api.useQuery("get", "/v1/sign-in");
  const words = t.people.signIn;
  if (options.data?.needsOwner) {
    return (
      <Gate title={words.needsOwner} lead={words.needsOwnerLead}>
        <Code text={words.command} label={words.command} />
      </Gate>
    );
  }
  return (
    <Gate title={words.title}>
      <SignInForm />
    </Gate>
  );
}

export function SignInAgain() {
  const words = t.people.signIn;
  return (
    <Modal
      opened
      onClose={signedOut}
      title={words.expiredTitle}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      // Above whatever is open, the question who sits there too.
      zIndex={500}
    >
      <Text c="dimmed" mb="md">
        {words.expiredLead}
      </Text>
      <Stack>
        <SignInForm />
        <Button variant="subtle" color="gray" onClick={leave}>
          {words.leave}
        </Button>
      </Stack>
    </Modal>
  );
}
