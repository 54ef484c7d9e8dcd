/** The first run, in three steps: the owner, the site, a call. */

import { Button, Group, Stepper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { signedIn } from "../../../api/auth.ts";
import { client } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { Loading } from "../../../ui/states.tsx";
import { AppFields } from "../../apps/CreateApp.tsx";
import { TestCall } from "../../sessions/TestCall.tsx";
import { DeadLink } from "./DeadLink.tsx";
import { Gate } from "./Gate.tsx";
import { NewPerson } from "./NewPerson.tsx";
import { takeToken } from "./token.ts";

/** Before React asks twice for the first state. */
let token: string | null = null;

type Step = { readonly name: "owner" | "app" } | { readonly name: "call"; readonly appId: string };

const ORDER = ["owner", "app", "call"] as const;

export default function Setup() {
  const [link] = useState(() => {
    token = takeToken() ?? token;
    return token;
  });
  const [step, setStep] = useState<Step>({ name: "owner" });
  const check = useQuery({
    queryKey: ["setup", link],
    queryFn: async () => {
      await client.POST("/v1/setup/check", { body: { token: link ?? "" } });
      return true;
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const words = t.people.setup;
  if (check.error !== null) {
    return (
      <DeadLink check={check}>
        <Gate title={words.deadTitle} lead={words.deadLead}>
          <Code text={t.people.signIn.command} label={t.people.signIn.command} />
        </Gate>
      </DeadLink>
    );
  }
  if (check.data === undefined) return <Loading />;
  const at = ORDER.indexOf(step.name);
  return (
    <Gate
      title={step.name === "call" ? words.callTitle : words.title}
      lead={{ owner: words.ownerLead, app: words.appLead, call: words.callLead }[step.name]}
      wide={step.name === "call"}
    >
      <Stepper
        active={at}
        size="xs"
        allowNextStepsSelect={false}
        aria-label={words.progress(at + 1, 3)}
      >
        {ORDER.map((name) => (
          <Stepper.Step key={name} label={words.steps[name]} allowStepSelect={false} />
        ))}
      </Stepper>
      {step.name === "owner" && (
        <NewPerson
          act={words.ownerAct}
          onSubmit={async (person) => {
            await client.POST("/v1/setup", { body: { token: link ?? "", ...person } });
            signedIn();
            setStep({ name: "app" });
          }}
        />
      )}
      {step.name === "app" && (
        <AppFields
          act={words.appAct}
          onCreated={(app) => setStep({ name: "call", appId: app.id })}
        />
      )}
      {step.name === "call" && <Call appId={step.appId} />}
    </Gate>
  );
}

function Call({ appId }: { readonly appId: string }) {
  const [isDone, setDone] = useState(false);
  const navigate = useNavigate();
  const words = t.people.setup;
  return (
    <>
      <TestCall
        appId={appId}
        onEvent={({ event }) => {
          if (event.name === "call_ended") setDone(true);
        }}
      />
      <Group justify="space-between">
        <Text role="status" fw={500} c="var(--studio-good)">
          {isDone && words.callDone}
        </Text>
        <Button
          variant={isDone ? "filled" : "default"}
          onClick={() => void navigate({ to: "/apps/$appId", params: { appId } })}
        >
          {words.finish}
        </Button>
      </Group>
    </>
  );
}
