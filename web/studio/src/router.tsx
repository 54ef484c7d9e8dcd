/** Every address of Studio, what it keeps in its query, and the screen that it shows. */

import { ERROR_CODES } from "@bellpush/protocol";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";

import { DIMENSIONS, day, SPANS, STEPS } from "./features/analytics/search.ts";
import { auditSearch } from "./features/audit/search.ts";
import { CALL_STATES, COLUMNS, GRADES, RATINGS, REASONS } from "./features/calls/search.ts";
import { GROUPS } from "./features/calls/timeline/items.ts";
import { designSearch } from "./features/design/search.ts";
import { SIGN_IN_PROBLEMS } from "./features/people/sign-in/problems.ts";
import { NotFound, ScreenFailed } from "./frame/fallbacks.tsx";
import { Shell } from "./frame/Shell.tsx";
import {
  isTrue,
  kept,
  oneOf,
  opensNew,
  type Search,
  severalOf,
  text,
  time,
  whole,
} from "./search.ts";
import { Loading } from "./ui/states.tsx";

const root = createRootRoute({ notFoundComponent: NotFound });

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./features/people/sign-in/Setup.tsx")),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(() => import("./features/people/Invitation.tsx")),
});

const recovery = createRoute({
  getParentRoute: () => root,
  path: "/recovery",
  component: lazyRouteComponent(() => import("./features/people/sign-in/Recovery.tsx")),
});

const signInProblem = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: ({ problem }: Search) => kept({ problem: oneOf(SIGN_IN_PROBLEMS, problem) }),
  component: lazyRouteComponent(() => import("./features/people/sign-in/SignInProblem.tsx")),
});

const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Shell });

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/apps" });
  },
});

const apps = createRoute({
  getParentRoute: () => frame,
  path: "/apps",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/apps/List.tsx")),
});

const members = createRoute({
  getParentRoute: () => frame,
  path: "/members",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/people/Members.tsx")),
});

const rules = createRoute({
  getParentRoute: () => frame,
  path: "/members/sign-in",
  component: lazyRouteComponent(() => import("./features/people/Rules.tsx")),
});

const keys = createRoute({
  getParentRoute: () => frame,
  path: "/keys",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/people/Keys.tsx")),
});

const audit = createRoute({
  getParentRoute: () => frame,
  path: "/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./features/audit/Audit.tsx")),
});

const account = createRoute({
  getParentRoute: () => frame,
  path: "/account",
  component: lazyRouteComponent(() => import("./features/people/account/Account.tsx")),
});

const system = createRoute({
  getParentRoute: () => frame,
  path: "/system",
  component: lazyRouteComponent(() => import("./features/system/System.tsx")),
});

const app = createRoute({ getParentRoute: () => frame, path: "/apps/$appId" });

const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: ({ try: opened }: Search) => kept({ try: isTrue(opened) }),
  component: lazyRouteComponent(() => import("./features/apps/overview/Overview.tsx")),
});

const calls = createRoute({
  getParentRoute: () => app,
  path: "/calls",
  validateSearch: (search: Search) =>
    kept({
      context: text(search.context),
      state: oneOf(CALL_STATES, search.state),
      errorCode: oneOf(ERROR_CODES, search.errorCode),
      profileId: text(search.profileId),
      answeredBy: text(search.answeredBy),
      quality: oneOf(GRADES, search.quality),
      reason: oneOf(REASONS, search.reason),
      rating: RATINGS.find((stars) => stars === whole(search.rating)),
      minDuration: whole(search.minDuration),
      maxDuration: whole(search.maxDuration),
      from: time(search.from),
      to: time(search.to),
      preview: search.preview === false ? false : isTrue(search.preview),
      columns: severalOf(COLUMNS, search.columns),
      exports: isTrue(search.exports),
    }),
  component: lazyRouteComponent(() => import("./features/calls/List.tsx")),
});

const call = createRoute({
  getParentRoute: () => app,
  path: "/calls/$callId",
  validateSearch: ({ hide }: Search) => kept({ hide: severalOf(GROUPS, hide) }),
  component: lazyRouteComponent(() => import("./features/calls/Call.tsx")),
});

const live = createRoute({
  getParentRoute: () => app,
  path: "/live",
  validateSearch: ({ name, context }: Search) => kept({ name: text(name), context: text(context) }),
  component: lazyRouteComponent(() => import("./features/live/Live.tsx")),
});

const analytics = createRoute({
  getParentRoute: () => app,
  path: "/analytics",
  validateSearch: (search: Search) =>
    kept({
      days: SPANS.find((span) => span === whole(search.days)),
      from: day(search.from),
      to: day(search.to),
      step: oneOf(STEPS, search.step),
      figure: text(search.figure),
      heat: text(search.heat),
      by: oneOf(DIMENSIONS, search.by),
      table: isTrue(search.table),
      profile: text(search.profile),
      page: text(search.page),
      browser: text(search.browser),
      language: text(search.language),
      network: text(search.network),
    }),
  component: lazyRouteComponent(() => import("./features/analytics/Analytics.tsx")),
});

const events = createRoute({
  getParentRoute: () => app,
  path: "/events",
  validateSearch: ({ name, context, callId, from, to, exports, open }: Search) =>
    kept({
      open: text(open),
      exports: isTrue(exports),
      name: text(name),
      context: text(context),
      callId: text(callId),
      from: time(from),
      to: time(to),
    }),
  component: lazyRouteComponent(() => import("./features/events/List.tsx")),
});

const embed = createRoute({
  getParentRoute: () => app,
  path: "/embed",
  validateSearch: ({ kind, page }: Search) => kept({ kind: text(kind), page: text(page) }),
  component: lazyRouteComponent(() => import("./features/apps/embed/Embed.tsx")),
});

const design = createRoute({
  getParentRoute: () => app,
  path: "/design",
  validateSearch: designSearch,
  component: lazyRouteComponent(() => import("./features/design/Design.tsx")),
});

const designVersions = createRoute({
  getParentRoute: () => app,
  path: "/design/versions",
  validateSearch: ({ one, other }: Search) => kept({ one: whole(one), other: whole(other) }),
  component: lazyRouteComponent(() => import("./features/design/versions/Versions.tsx")),
});

const forms = createRoute({
  getParentRoute: () => app,
  path: "/forms",
  validateSearch: ({ language }: Search) => kept({ language: text(language) }),
  component: lazyRouteComponent(() => import("./features/design/forms/Forms.tsx")),
});

const code = createRoute({
  getParentRoute: () => app,
  path: "/code",
  component: lazyRouteComponent(() => import("./features/custom-code/CustomCode.tsx")),
});

/** The question what would happen to a call. */
const routing = ({ at, key, context, form }: Search) => ({
  at: time(at),
  key: text(key),
  context: text(context),
  form: text(form),
});

const profiles = createRoute({
  getParentRoute: () => app,
  path: "/profiles",
  validateSearch: (search: Search) => kept({ ...routing(search), profile: text(search.profile) }),
  component: lazyRouteComponent(() => import("./features/profiles/List.tsx")),
});

const profile = createRoute({
  getParentRoute: () => app,
  path: "/profiles/$profileId",
  validateSearch: (search: Search) => kept(routing(search)),
  component: lazyRouteComponent(() => import("./features/profiles/Edit.tsx")),
});

const hours = createRoute({
  getParentRoute: () => app,
  path: "/hours",
  validateSearch: ({ at }: Search) => kept({ at: time(at) }),
  component: lazyRouteComponent(() => import("./features/hours/Hours.tsx")),
});

const trunks = createRoute({
  getParentRoute: () => app,
  path: "/trunks",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/trunks/List.tsx")),
});

const trunk = createRoute({
  getParentRoute: () => app,
  path: "/trunks/$trunkId",
  validateSearch: ({ system }: Search) => kept({ system: text(system) }),
  component: lazyRouteComponent(() => import("./features/trunks/Edit.tsx")),
});

const integrations = createRoute({
  getParentRoute: () => app,
  path: "/integrations",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/integrations/List.tsx")),
});

const integration = createRoute({
  getParentRoute: () => app,
  path: "/integrations/$integrationId",
  validateSearch: ({ preset, tab }: Search) =>
    kept({
      preset: text(preset),
      tab: oneOf(["settings", "payload", "secrets", "signing", "verify", "rehearsal"], tab),
    }),
  component: lazyRouteComponent(() => import("./features/integrations/Edit.tsx")),
});

const deliveries = createRoute({
  getParentRoute: () => app,
  path: "/deliveries",
  validateSearch: (search: Search) =>
    kept({
      integration: text(search.integration),
      status: severalOf(["pending", "delivered", "dead"], search.status),
      name: text(search.name),
      call: text(search.call),
      event: text(search.event),
      context: text(search.context),
      from: time(search.from),
      to: time(search.to),
      open: text(search.open),
    }),
  component: lazyRouteComponent(() => import("./features/deliveries/Log.tsx")),
});

const alerts = createRoute({
  getParentRoute: () => app,
  path: "/alerts",
  validateSearch: opensNew,
  component: lazyRouteComponent(() => import("./features/alerts/List.tsx")),
});

const alertRule = createRoute({
  getParentRoute: () => app,
  path: "/alerts/$ruleId",
  validateSearch: ({ kind }: Search) => kept({ kind: text(kind) }),
  component: lazyRouteComponent(() => import("./features/alerts/Edit.tsx")),
});

const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/apps/settings/Settings.tsx")),
});

const privacy = createRoute({
  getParentRoute: () => app,
  path: "/privacy",
  component: lazyRouteComponent(() => import("./features/privacy/Privacy.tsx")),
});

const history = createRoute({
  getParentRoute: () => app,
  path: "/history",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./features/apps/History.tsx")),
});

const elsewhere = createRoute({ getParentRoute: () => frame, path: "$", component: NotFound });

const routes = root.addChildren([
  start,
  setup,
  invitation,
  recovery,
  signInProblem,
  frame.addChildren([
    apps,
    members,
    rules,
    keys,
    audit,
    account,
    system,
    elsewhere,
    app.addChildren([
      overview,
      calls,
      call,
      live,
      analytics,
      events,
      embed,
      design,
      designVersions,
      forms,
      code,
      profiles,
      profile,
      hours,
      trunks,
      trunk,
      integrations,
      integration,
      deliveries,
      alerts,
      alertRule,
      settings,
      privacy,
      history,
    ]),
  ]),
]);

export const router = createRouter({
  routeTree: routes,
  basepath: new URL(document.baseURI).pathname,
  defaultPreload: "intent",
  defaultPendingComponent: () => <Loading />,
  defaultPendingMs: 150,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ScreenFailed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
