/** The pages of Studio, as navigation, palette and keys list them. */

import {
  IconActivity,
  IconApps,
  IconBellRinging,
  IconBolt,
  IconBraces,
  IconChartBar,
  IconClock,
  IconCode,
  IconForms,
  IconHistory,
  IconHome,
  IconKey,
  IconListCheck,
  IconPalette,
  IconPhone,
  IconPlugConnected,
  IconRoute,
  IconServer,
  IconSettings,
  IconShieldCheck,
  IconUserShield,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";

import { t } from "../texts/index.ts";

export interface Page<P extends string> {
  readonly path: P;
  readonly name: string;
  readonly icon: TablerIcon;
  /** After `g`, this key goes there. */
  readonly key: string;
}

export const OUTER = [
  { path: "/apps", name: t.frame.pages.apps, icon: IconApps, key: "a" },
  { path: "/members", name: t.frame.pages.members, icon: IconUsers, key: "m" },
  { path: "/keys", name: t.frame.pages.keys, icon: IconKey, key: "k" },
  { path: "/audit", name: t.frame.pages.audit, icon: IconShieldCheck, key: "u" },
  { path: "/system", name: t.frame.pages.system, icon: IconServer, key: "y" },
] as const satisfies readonly Page<string>[];

export const INNER = [
  {
    name: t.frame.groups.watch,
    pages: [
      { path: "/apps/$appId", name: t.frame.pages.overview, icon: IconHome, key: "o" },
      { path: "/apps/$appId/calls", name: t.frame.pages.calls, icon: IconPhone, key: "c" },
      { path: "/apps/$appId/live", name: t.frame.pages.live, icon: IconActivity, key: "l" },
      {
        path: "/apps/$appId/analytics",
        name: t.frame.pages.analytics,
        icon: IconChartBar,
        key: "n",
      },
    ],
  },
  {
    name: t.frame.groups.publish,
    pages: [
      { path: "/apps/$appId/design", name: t.frame.pages.design, icon: IconPalette, key: "n" },
      { path: "/apps/$appId/forms", name: t.frame.pages.forms, icon: IconForms, key: "f" },
      { path: "/apps/$appId/code", name: t.frame.pages.code, icon: IconBraces, key: "b" },
      { path: "/apps/$appId/embed", name: t.frame.pages.embed, icon: IconCode, key: "e" },
    ],
  },
  {
    name: t.frame.groups.route,
    pages: [
      { path: "/apps/$appId/profiles", name: t.frame.pages.profiles, icon: IconRoute, key: "p" },
      { path: "/apps/$appId/hours", name: t.frame.pages.hours, icon: IconClock, key: "h" },
      {
        path: "/apps/$appId/trunks",
        name: t.frame.pages.trunks,
        icon: IconPlugConnected,
        key: "t",
      },
    ],
  },
  {
    name: t.frame.groups.connect,
    pages: [
      {
        path: "/apps/$appId/integrations",
        name: t.frame.pages.integrations,
        icon: IconBolt,
        key: "i",
      },
      {
        path: "/apps/$appId/deliveries",
        name: t.frame.pages.deliveries,
        icon: IconListCheck,
        key: "d",
      },
    ],
  },
  {
    name: t.frame.groups.understand,
    pages: [
      { path: "/apps/$appId/alerts", name: t.frame.pages.alerts, icon: IconBellRinging, key: "w" },
    ],
  },
  {
    name: t.frame.groups.manage,
    pages: [
      { path: "/apps/$appId/settings", name: t.frame.pages.settings, icon: IconSettings, key: "s" },
      { path: "/apps/$appId/privacy", name: t.frame.pages.privacy, icon: IconUserShield, key: "v" },
      { path: "/apps/$appId/history", name: t.frame.pages.history, icon: IconHistory, key: "r" },
    ],
  },
] as const satisfies readonly { name: string; pages: readonly Page<string>[] }[];

export const INNER_PAGES = INNER.flatMap((group) => [...group.pages]);
