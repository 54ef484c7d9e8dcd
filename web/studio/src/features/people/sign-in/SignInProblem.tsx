/** Back from the team's provider without having been signed in: why, in a sentence. */

import { useSearch } from "@tanstack/react-router";

import { t } from "../../../texts/index.ts";
import { ButtonLink } from "../../../ui/links.tsx";
import { Gate } from "./Gate.tsx";

export default function SignInProblem() {
  const { detail } = useSearch({ from: "/sign-in" });
  const words = t.people.signIn;
  return (
    <Gate title={words.returned} lead={<span className="foreign">{detail}</span>}>
      <ButtonLink to="/apps">{t.ui.tryAgain}</ButtonLink>
    </Gate>
  );
}
