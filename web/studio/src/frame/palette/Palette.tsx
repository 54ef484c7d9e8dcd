/** Ctrl K: pages, apps, and ids. Whatever is pasted, one lands on it. */

import { Spotlight, spotlight } from "@mantine/spotlight";
import {
  IconApps,
  IconFileSearch,
  IconLogout,
  IconPhone,
  IconPlus,
  IconSearch,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";

import "@mantine/spotlight/styles.css";

import { useApps } from "../../features/apps/queries.ts";
import { may, useMe } from "../../features/people/queries.ts";
import { signOut } from "../../features/people/sign-in/seat.ts";
import { t } from "../../texts/index.ts";
import { INNER_PAGES, OUTER } from "../pages.ts";
import { useFound } from "./useFound.ts";

interface PaletteProps {
  readonly appId: string | undefined;
  readonly onClose: () => void;
}

interface Command {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon: ReactNode;
  readonly run: () => unknown;
}

const MOST_APPS = 8;

export default function Palette({ appId, onClose }: PaletteProps) {
  const [query, setQuery] = useState("");
  const navigate = useNavigate();
  const apps = useApps().data?.items ?? [];
  const { found, isPending } = useFound(query, apps, appId);
  // Enter on what was just pasted goes where that leads, once it is known.
  const [isAwaited, setAwaited] = useState(false);
  useEffect(() => spotlight.open(), []);

  const here = apps.find((app) => app.id === appId);
  const inner: Command[] = (here === undefined ? [] : INNER_PAGES).map((page) => ({
    id: page.path,
    label: page.name,
    description: here?.name,
    icon: <page.icon size={18} stroke={1.6} />,
    run: () => navigate({ to: page.path, params: { appId: here?.id ?? "" } }),
  }));
  const outer: Command[] = OUTER.map((page) => ({
    id: page.path,
    label: page.name,
    icon: <page.icon size={18} stroke={1.6} />,
    run: () => navigate({ to: page.path }),
  }));
  const me = useMe().data;
  /** What one may not do is there all the same, and says why. */
  const made = (name: string, scope: string, icon: ReactNode, run: () => unknown): Command => {
    const isAllowed = may(me, scope, here?.id);
    const role = me?.role == null ? (me?.name ?? "") : t.people.roles[me.role][0];
    return {
      id: `new-${scope}`,
      label: name,
      description: isAllowed ? here?.name : t.people.forbidden(role, scope),
      icon,
      run: isAllowed ? run : () => {},
    };
  };
  const add = <IconPlus size={18} stroke={1.6} />;
  const inApp = { appId: here?.id ?? "" };
  const acts: Command[] = [
    made(t.apps.create, "apps:write", add, () => navigate({ to: "/apps", search: { new: true } })),
    made(t.people.members.invite, "members:write", add, () =>
      navigate({ to: "/members", search: { new: true } }),
    ),
    made(t.people.keys.create, "api-keys:write", add, () =>
      navigate({ to: "/keys", search: { new: true } }),
    ),
    ...(here === undefined
      ? []
      : [
          made(t.profiles.create, "profiles:write", add, () =>
            navigate({
              to: "/apps/$appId/profiles/$profileId",
              params: { ...inApp, profileId: "new" },
            }),
          ),
          made(t.integrations.create, "integrations:write", add, () =>
            navigate({ to: "/apps/$appId/integrations", params: inApp, search: { new: true } }),
          ),
          made(t.apps.tryIt.act, "settings:write", <IconPhone size={18} stroke={1.6} />, () =>
            navigate({ to: "/apps/$appId", params: inApp, search: { try: true } }),
          ),
        ]),
    {
      id: "sign-out",
      label: t.frame.palette.signOut,
      icon: <IconLogout size={18} stroke={1.6} />,
      run: signOut,
    },
  ];
  const groups: readonly (readonly [string, readonly Command[]])[] = [
    [
      t.frame.palette.found,
      found.map((one) => ({
        ...one,
        icon: <IconFileSearch size={18} stroke={1.6} />,
        run: () => navigate(one.to),
      })),
    ],
    [t.frame.palette.pages, [...inner, ...outer].filter((one) => matches(one, query))],
    [t.frame.palette.acts, acts.filter((one) => matches(one, query))],
    [
      t.frame.palette.apps,
      apps
        .map((app) => ({
          id: app.id,
          label: app.name,
          icon: <IconApps size={18} stroke={1.6} />,
          run: () => navigate({ to: "/apps/$appId", params: { appId: app.id } }),
        }))
        .filter((one) => matches(one, query))
        .slice(0, MOST_APPS),
    ],
  ];
  const [first] = groups.flatMap(([, commands]) => commands);
  const take = () => {
    // Where nothing is found, what was typed stays.
    if (first === undefined) return;
    void first.run();
    spotlight.close();
  };
  /** Enter takes the first one, unless another was chosen. */
  const onKeyDown = (event: React.KeyboardEvent) => {
    const list = event.currentTarget.closest("[role='dialog']");
    const isChosen = list?.querySelector("[data-selected]") != null;
    if (event.key !== "Enter" || event.nativeEvent.isComposing || isChosen) return;
    if (isPending) setAwaited(true);
    else take();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the answer is there
  useEffect(() => {
    if (!isAwaited || isPending) return;
    setAwaited(false);
    take();
  }, [isAwaited, isPending]);
  const isEmpty = groups.every(([, commands]) => commands.length === 0);

  return (
    <Spotlight.Root
      query={query}
      onQueryChange={(typed) => {
        setAwaited(false);
        setQuery(typed);
      }}
      onSpotlightClose={onClose}
      shortcut={null}
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 100 }}
    >
      <Spotlight.Search
        placeholder={t.frame.palette.placeholder}
        aria-label={t.frame.palette.label}
        onKeyDown={onKeyDown}
        leftSection={<IconSearch size={18} stroke={1.6} />}
      />
      <Spotlight.ActionsList>
        {groups.map(
          ([name, commands]) =>
            commands.length > 0 && (
              <Spotlight.ActionsGroup key={name} label={name}>
                {commands.map((one) => (
                  <Spotlight.Action
                    key={one.id}
                    label={one.label}
                    description={one.description}
                    leftSection={one.icon}
                    onClick={() => void one.run()}
                  />
                ))}
              </Spotlight.ActionsGroup>
            ),
        )}
        {isEmpty && <Spotlight.Empty>{t.frame.palette.nothing}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

const matches = ({ label, description = "" }: Command, query: string) =>
  `${label} ${description}`.toLowerCase().includes(query.trim().toLowerCase());
