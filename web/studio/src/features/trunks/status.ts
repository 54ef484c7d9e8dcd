/** How a trunk does, in a word. */

import type { TrunkView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import type { Tone } from "../../ui/Status.tsx";

export function trunkTone(trunk: TrunkView): Tone {
  const { status } = trunk;
  if (trunk.active === false || status == null) return "none";
  if (status.registration === "failed" || status.healthy === false) return "bad";
  if (status.registration === "pending") return "warn";
  return status.healthy == null && status.registration !== "registered" ? "none" : "good";
}

export function trunkWords(trunk: TrunkView): string {
  const { status } = trunk;
  const words = t.trunks.status;
  if (trunk.active === false) return words.inactive;
  if (status == null) return words.unknown;
  if (status.registration === "failed") return words.notRegistered;
  if (status.healthy === false) return words.noAnswer;
  if (status.registration === "pending") return words.registering;
  if (status.registration === "registered") return words.registered;
  return status.healthy == null ? words.unknown : words.answers;
}
