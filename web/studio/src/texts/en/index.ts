import { alerts } from "./alerts.ts";
import { analytics } from "./analytics.ts";
import { apps } from "./apps.ts";
import { calls } from "./calls.ts";
import { customCode, design } from "./design.ts";
import { exports } from "./exports.ts";
import { editor, frame, ui } from "./frame.ts";
import { deliveries, integrations } from "./integrations.ts";
import { events, live } from "./live.ts";
import { people } from "./people.ts";
import { privacy } from "./privacy.ts";
import { rehearsals } from "./rehearsals.ts";
import { hours, profiles, trunks } from "./routing.ts";
import { timeline } from "./timeline.ts";

export const en = {
  alerts,
  analytics,
  apps,
  calls,
  customCode,
  deliveries,
  design,
  editor,
  events,
  exports,
  frame,
  hours,
  integrations,
  live,
  people,
  privacy,
  profiles,
  rehearsals,
  timeline,
  trunks,
  ui,
};
