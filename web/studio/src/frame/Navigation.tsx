/** The pages beside the content: those of the installation, or those of one app. */

import { CloseButton, Group } from "@mantine/core";
import { IconChevronLeft } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import { useApp } from "../features/apps/queries.ts";
import icon from "../icon.svg";
import { t } from "../texts/index.ts";
import { NavigationLink } from "../ui/links.tsx";
import classes from "./frame.module.css";
import { INNER, OUTER } from "./pages.ts";

interface NavigationProps {
  readonly appId: string | undefined;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Navigation({ appId, isOpen, onClose }: NavigationProps) {
  return (
    <>
      <Group justify="space-between" wrap="nowrap" pe="sm">
        <Link to="/apps" className={classes.brand}>
          <img src={icon} alt="" />
          {t.frame.product}
        </Link>
        {isOpen && (
          <CloseButton hiddenFrom="md" onClick={onClose} aria-label={t.frame.closeNavigation} />
        )}
      </Group>
      <div className={classes.nav}>{appId === undefined ? <Outer /> : <Inner appId={appId} />}</div>
    </>
  );
}

function Outer() {
  return OUTER.map((page) => (
    <NavigationLink
      key={page.path}
      to={page.path}
      label={page.name}
      leftSection={<page.icon size={17} stroke={1.7} />}
      className={classes.link}
    />
  ));
}

function Inner({ appId }: { readonly appId: string }) {
  const app = useApp(appId);
  return (
    <>
      <Link to="/apps" className={classes.back}>
        <IconChevronLeft size={15} />
        {t.frame.backToApps}
      </Link>
      <div className={`${classes.appName} one-line`} title={app.data?.name}>
        {app.data?.name ?? " "}
      </div>
      {INNER.map((group) => (
        <div key={group.name}>
          <div className={classes.group}>{group.name}</div>
          {group.pages.map((page) => (
            <NavigationLink
              key={page.path}
              to={page.path}
              params={{ appId }}
              activeOptions={{ exact: page.path === "/apps/$appId", includeSearch: false }}
              label={page.name}
              leftSection={<page.icon size={17} stroke={1.7} />}
              className={classes.link}
            />
          ))}
        </div>
      ))}
    </>
  );
}
