/** A cursor list with its four states, the bar of new rows, and the way to older ones. */

import { Button, Stack, Text } from "@mantine/core";
import { IconArrowUp, IconSearch } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Failed, Loading, NoMatch, Nothing } from "../states.tsx";
import { shortTime } from "../time.ts";
import classes from "../ui.module.css";
import { type Column, DataTable } from "./DataTable.tsx";
import { type CursorList, LOOKED_AT } from "./useCursorList.ts";

interface ListViewProps<R> {
  readonly label: string;
  readonly list: CursorList<R>;
  readonly columns: readonly Column<R>[];
  readonly rowKey: (row: R) => string;
  readonly onOpen?: (row: R) => void;
  readonly chosen?: string | null;
  /** Takes the filters away; null when there are none. */
  readonly clear: (() => void) | null;
  /** What is shown when there is nothing yet. */
  readonly empty: ReactNode;
}

export function ListView<R>({ list, clear, empty, ...table }: ListViewProps<R>) {
  return (
    <>
      {list.newer > 0 && (
        <div className={classes.newer} role="status">
          <Button
            size="compact-sm"
            radius="xl"
            leftSection={<IconArrowUp size={14} />}
            onClick={list.showNewer}
          >
            {t.ui.newer(list.newer, list.newer >= LOOKED_AT)}
          </Button>
        </div>
      )}
      <div className="surface">{content()}</div>
      {list.hasMore && list.rows !== undefined && list.rows.length > 0 && (
        <Stack gap="xs" align="center">
          {list.moreError !== null && !list.isLoadingMore && (
            <Text c="var(--studio-bad)" size="sm" role="alert" className="foreign">
              {asProblem(list.moreError).message}
            </Text>
          )}
          <Button variant="default" loading={list.isLoadingMore} onClick={list.more}>
            {t.ui.older}
          </Button>
        </Stack>
      )}
    </>
  );

  function content(): ReactNode {
    if (list.rows === undefined) {
      return list.error === null ? (
        <Loading rows={6} />
      ) : (
        <Failed error={list.error} retry={list.refetch} />
      );
    }
    // A search may look through many rows before it finds one.
    if (list.rows.length === 0 && list.hasMore) {
      return (
        <Nothing
          icon={<IconSearch size={22} stroke={1.6} />}
          title={t.ui.notFound}
          act={
            <Button variant="default" loading={list.isLoadingMore} onClick={list.more}>
              {t.ui.searchOn}
            </Button>
          }
        >
          {list.searchedTo !== null && t.ui.searchedTo(shortTime(list.searchedTo))}
        </Nothing>
      );
    }
    if (list.rows.length === 0) return clear === null ? empty : <NoMatch clear={clear} />;
    return <DataTable rows={list.rows} hasMore={list.hasMore} {...table} />;
  }
}
