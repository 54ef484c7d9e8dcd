/** Back from the team's provider without having been signed in: why, in a sentence. */

import { useSearch } from "@tanstack/react-router";

import { t } from "../../../texts/index.ts";
import { ButtonLink } from "../../../ui/links.tsx";
import { Gate } from "./Gate.tsx";

export default function SignInProblem() {
  const { problem } = useSearch({ from: "/sign-in" });
  const words = t.people.signIn;
  // Anybody can write an address: what it says is never shown.
  return (
    <Gate title={words.returned} lead={words.why[problem ?? "unknown"]}>
      <ButtonLink to="/apps">{t.ui.tryAgain}</ButtonLink>
    </Gate>
  );
}
