/** Getting an account back, by a link that the host has printed. */

import { Button, PasswordInput, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { signedIn } from "../../../api/auth.ts";
import { client } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { Loading } from "../../../ui/states.tsx";
import { useRefusal } from "../../../ui/useRefusal.ts";
import { DeadLink } from "./DeadLink.tsx";
import { Gate } from "./Gate.tsx";
import { takeToken } from "./token.ts";

/** Before React asks twice for the first state. */
let token: string | null = null;

export default function Recovery() {
  const [link] = useState(() => {
    token = takeToken() ?? token;
    return token ?? "";
  });
  const [password, setPassword] = useState("");
  const [error, setError] = useRefusal(password);
  const navigate = useNavigate();
  const check = useQuery({
    queryKey: ["recovery", link],
    queryFn: async () =>
      (await client.POST("/v1/recovery/check", { body: { token: link } })).data ?? null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const words = t.people.recovery;
  if (check.error !== null) {
    return (
      <DeadLink check={check}>
        <Gate title={words.deadTitle} lead={words.deadLead} />
      </DeadLink>
    );
  }
  if (check.data === undefined) return <Loading />;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      await client.POST("/v1/recovery", { body: { token: link, password } });
      signedIn();
      await navigate({ to: "/account" });
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <Gate title={words.title} lead={words.lead(check.data?.email ?? "")}>
      <form onSubmit={submit}>
        <Stack>
          <PasswordInput
            label={t.people.account.newPassword}
            description={t.people.passwordHint}
            value={password}
            error={error}
            autoComplete="new-password"
            autoFocus
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" disabled={password === ""}>
            {words.act}
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
