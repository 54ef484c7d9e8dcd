/** The frame around every screen: navigation, the way to everything else, and who is signed in. */

import { AppShell, Burger, Group, Kbd, ScrollArea, UnstyledButton } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";

import { useSignIn } from "../api/auth.ts";
import { useMe } from "../features/people/queries.ts";
import { SignInAgain, SignInScreen } from "../features/people/sign-in/SignIn.tsx";
import { StepUp } from "../features/people/sign-in/StepUp.tsx";
import { seat } from "../features/people/sign-in/seat.ts";
import { t } from "../texts/index.ts";
import { Failed, Loading } from "../ui/states.tsx";
import classes from "./frame.module.css";
import { useKeys } from "./keys.ts";
import { Navigation } from "./Navigation.tsx";
import { PersonMenu } from "./PersonMenu.tsx";
import { INNER_PAGES, OUTER } from "./pages.ts";
import { useCompactRows, useSingleKeys } from "./preferences.ts";
import { Unreached } from "./Unreached.tsx";

const Palette = lazy(() => import("./palette/Palette.tsx"));
const Help = lazy(() => import("./Help.tsx"));

export function Shell() {
  const signIn = useSignIn();
  const me = useMe();
  // Each answer says so: in another tab somebody may have signed in again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when it was answered, and not before
  useEffect(() => {
    if (me.data !== undefined && me.isSuccess) seat(me.data.id);
  }, [me.dataUpdatedAt]);
  if (signIn === "signed-out") return <SignInScreen />;
  if (signIn === "unknown") {
    return me.error === null ? (
      <Loading />
    ) : (
      <Failed error={me.error} retry={() => void me.refetch()} />
    );
  }
  return (
    <>
      <Frame />
      <StepUp />
      {signIn === "expired" && <SignInAgain />}
    </>
  );
}

type Overlay = "palette" | "help" | null;

function Frame() {
  const [isOpen, navigation] = useDisclosure(false);
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [singleKeys] = useSingleKeys();
  const [compact] = useCompactRows();
  const navigate = useNavigate();
  const { appId } = useParams({ strict: false });
  const me = useMe().data;
  const path = useRouterState({ select: (state) => state.location.pathname });

  // Until a second factor is there, where one is demanded, nothing else is answered.
  useEffect(() => {
    if (me?.lacksSecondFactor) void navigate({ to: "/account" });
  }, [me?.lacksSecondFactor, navigate]);

  useHotkeys([["mod+K", () => setOverlay("palette")]], []);
  useKeys(singleKeys, (keys) => {
    if (keys === "?") {
      setOverlay("help");
      return true;
    }
    if (keys === "/") {
      setOverlay("palette");
      return true;
    }
    const letter = keys.startsWith("g") ? keys.slice(1) : null;
    const inner = appId === undefined ? undefined : INNER_PAGES.find((page) => page.key === letter);
    const outer = OUTER.find((page) => page.key === letter);
    if (inner !== undefined && appId !== undefined) {
      void navigate({ to: inner.path, params: { appId } });
    } else if (outer !== undefined) {
      void navigate({ to: outer.path });
    }
    return inner !== undefined || outer !== undefined;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: closed by each change of the address
  useEffect(() => navigation.close(), [path]);

  return (
    <AppShell
      navbar={{ width: 232, breakpoint: "md", collapsed: { mobile: !isOpen } }}
      header={{ height: 56 }}
      layout="alt"
      padding={0}
      data-density={compact ? "compact" : "generous"}
    >
      <button type="button" className="skip" onClick={skipToContent}>
        {t.frame.skip}
      </button>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px={{ base: "sm", md: "xl" }} justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" className={classes.searchPlace}>
            <Burger
              opened={isOpen}
              onClick={navigation.toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t.frame.openNavigation}
            />
            <UnstyledButton className={classes.search} onClick={() => setOverlay("palette")}>
              <IconSearch size={16} stroke={1.8} />
              <span className="one-line">{t.frame.search}</span>
              <Kbd size="xs" visibleFrom="sm">
                {isApple ? "⌘" : "Ctrl"} K
              </Kbd>
            </UnstyledButton>
          </Group>
          <PersonMenu onHelp={() => setOverlay("help")} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label={t.frame.navigation}>
        <ScrollArea type="auto" h="100%" scrollbarSize={6}>
          <Navigation appId={appId} onClose={navigation.close} isOpen={isOpen} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <div className={classes.content}>
          <Unreached />
          <Outlet />
        </div>
      </AppShell.Main>
      <Suspense>
        {overlay === "palette" && <Palette appId={appId} onClose={() => setOverlay(null)} />}
        {overlay === "help" && <Help appId={appId} onClose={() => setOverlay(null)} />}
      </Suspense>
    </AppShell>
  );
}

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** By hand: with a `<base>`, the address of a fragment is another page's. */
function skipToContent(): void {
  document.getElementById("content")?.focus();
}
