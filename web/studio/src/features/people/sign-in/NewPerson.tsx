/** Name and password of somebody who is new here: the owner, or who was invited. */

import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

interface NewPersonProps {
  /** Given where it can't be chosen. */
  readonly email?: string;
  /** Not where single sign-on is the only way in. */
  readonly choosesPassword?: boolean;
  readonly act: string;
  readonly onSubmit: (person: Person) => Promise<void>;
}

export function NewPerson({ email, choosesPassword = true, act, onSubmit }: NewPersonProps) {
  const form = useForm({ initialValues: { name: "", email: email ?? "", password: "" } });
  const [busy, setBusy] = useState(false);
  const submit = form.onSubmit(async (person) => {
    setBusy(true);
    try {
      await onSubmit(person);
    } catch (caught) {
      const problem = asProblem(caught);
      const named = ["name", "email", "password"].find((one) => problem.pointer === `/${one}`);
      const field = named ?? (choosesPassword ? "password" : "name");
      form.setFieldError(field, problem.message);
      form.getInputNode(field)?.focus();
      setBusy(false);
    }
  });
  const { name, password } = form.values;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t.people.name}
          autoComplete="name"
          autoFocus
          {...form.getInputProps("name")}
        />
        <TextInput
          type="email"
          label={t.people.email}
          autoComplete="username"
          readOnly={email !== undefined}
          {...form.getInputProps("email")}
        />
        {choosesPassword && (
          <PasswordInput
            label={t.people.password}
            description={t.people.passwordHint}
            autoComplete="new-password"
            {...form.getInputProps("password")}
          />
        )}
        <Button
          type="submit"
          loading={busy}
          disabled={name.trim() === "" || (choosesPassword && password === "")}
        >
          {act}
        </Button>
      </Stack>
    </form>
  );
}
