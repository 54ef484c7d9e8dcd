import { apps } from "./apps.ts";
import { calls } from "./calls.ts";
import { editor, frame, ui } from "./frame.ts";
import { deliveries, integrations } from "./integrations.ts";
import { events, live } from "./live.ts";
import { people } from "./people.ts";
import { hours, profiles, trunks } from "./routing.ts";

export const en = {
  apps,
  calls,
  deliveries,
  editor,
  events,
  frame,
  hours,
  integrations,
  live,
  people,
  profiles,
  trunks,
  ui,
};
