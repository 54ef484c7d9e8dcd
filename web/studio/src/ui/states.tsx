/** What a place shows while there is nothing to show in it: loading, failed, nothing yet, no match. */

import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconCloudOff, IconFilterOff, IconInbox } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { asProblem } from "../api/problem.ts";
import { t } from "../texts/index.ts";
import classes from "./ui.module.css";

interface StateProps {
  readonly icon?: ReactNode;
  readonly title: string;
  /** Where it is all that the screen shows. */
  readonly isScreen?: boolean;
  readonly children?: ReactNode;
  /** The act that ends the state. */
  readonly act?: ReactNode;
}

export function Nothing({ icon, title, isScreen = false, children, act }: StateProps) {
  return (
    <div className={classes.state}>
      <div className={classes.stateIcon} aria-hidden>
        {icon ?? <IconInbox size={22} stroke={1.6} />}
      </div>
      <div>
        <Text fw={600} size="lg" component={isScreen ? "h1" : "p"} m={0}>
          {title}
        </Text>
        {children !== undefined && (
          <Text c="dimmed" maw="28rem" mt={4} component="div">
            {children}
          </Text>
        )}
      </div>
      {act !== undefined && <Group justify="center">{act}</Group>}
    </div>
  );
}

export function NoMatch({ clear }: { readonly clear: () => void }) {
  return (
    <Nothing
      icon={<IconFilterOff size={22} stroke={1.6} />}
      title={t.ui.noMatch}
      act={
        <Button variant="default" onClick={clear}>
          {t.ui.clearFilters}
        </Button>
      }
    >
      {t.ui.noMatchLead}
    </Nothing>
  );
}

interface FailedProps {
  readonly error: unknown;
  readonly retry: () => void;
}

export function Failed({ error, retry }: FailedProps) {
  return (
    <div role="alert">
      <Nothing
        icon={<IconCloudOff size={22} stroke={1.6} />}
        title={t.ui.failed}
        act={
          <Button variant="default" onClick={retry}>
            {t.ui.tryAgain}
          </Button>
        }
      >
        <span className="foreign">{asProblem(error).message}</span>
      </Nothing>
    </div>
  );
}

export function Loading({ rows = 4 }: { readonly rows?: number }) {
  const widths = Array.from({ length: rows }, (_, row) => `${92 - ((row * 17) % 40)}%`);
  return (
    <Stack gap="md" p="lg" role="status" aria-label={t.ui.loading}>
      {widths.map((width, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows that never move
        <Skeleton key={row} height={14} width={width} radius="sm" />
      ))}
    </Stack>
  );
}

interface LoadedProps<T> {
  readonly query: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
  readonly rows?: number;
}

/** What was asked for, once it is there. */
export function Loaded<T>({ query, children, rows }: LoadedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null && query.error !== undefined) {
    return <Failed error={query.error} retry={() => void query.refetch()} />;
  }
  return <Loading rows={rows} />;
}
