/** Joining by an invitation. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { signedIn } from "../../api/auth.ts";
import { client } from "../../api/client.ts";
import { t } from "../../texts/index.ts";
import { Loading } from "../../ui/states.tsx";
import { DeadLink } from "./sign-in/DeadLink.tsx";
import { Gate } from "./sign-in/Gate.tsx";
import { NewPerson } from "./sign-in/NewPerson.tsx";
import { takeToken } from "./sign-in/token.ts";

/** Before React asks twice for the first state. */
let token: string | null = null;

export default function Invitation() {
  const [link] = useState(() => {
    token = takeToken() ?? token;
    return token ?? "";
  });
  const navigate = useNavigate();
  const check = useQuery({
    queryKey: ["invitation", link],
    queryFn: async () => {
      const { data } = await client.POST("/v1/invitations/check", { body: { token: link } });
      if (data === undefined) throw new Error("the answer is empty");
      return data;
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const words = t.people.invitation;
  if (check.error !== null) {
    return (
      <DeadLink check={check}>
        <Gate title={words.deadTitle} lead={words.deadLead} />
      </DeadLink>
    );
  }
  if (check.data === undefined) return <Loading />;
  const { email, role, invitedBy, password: choosesPassword } = check.data;
  const [roleName] = t.people.roles[role];
  return (
    <Gate
      title={words.title}
      lead={
        <span className="foreign">
          {invitedBy == null ? words.leadNobody(roleName) : words.lead(invitedBy, roleName)}
        </span>
      }
    >
      <NewPerson
        email={email}
        choosesPassword={choosesPassword}
        act={words.act}
        onSubmit={async ({ name, password }) => {
          const { data } = await client.POST("/v1/invitations/accept", {
            body: { token: link, name, ...(choosesPassword && { password }) },
          });
          // Otherwise the page for signing in leads on to single sign-on.
          if (data?.state === "signedIn") signedIn();
          await navigate({ to: "/apps" });
        }}
      />
    </Gate>
  );
}
