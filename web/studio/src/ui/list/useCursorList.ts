/**
 * A list that is read page by page, newest first, by the cursor of the page before. What comes in
 * meanwhile moves no row: it is counted, and shown when it is asked for.
 */

import { type QueryKey, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";

interface Page<R> {
  readonly items: readonly R[];
  readonly next?: string | null;
  /** Back to when a search has looked that has not come to its end. */
  readonly searchedTo?: string | null;
}

interface Options<R> {
  readonly key: QueryKey;
  readonly read: (page: { after?: string; limit: number }) => Promise<Page<R>>;
  readonly rowKey: (row: R) => string;
  readonly enabled?: boolean;
}

export interface CursorList<R> {
  readonly rows: readonly R[] | undefined;
  readonly error: unknown;
  readonly refetch: () => void;
  readonly hasMore: boolean;
  /** Why older ones could not be read. */
  readonly moreError: unknown;
  readonly more: () => void;
  readonly isLoadingMore: boolean;
  readonly searchedTo: string | null;
  /** Rows that came in since; `LOOKED_AT` stands for that many or more. */
  readonly newer: number;
  readonly showNewer: () => void;
}

const PAGE = 50;
/** How many of the newest rows are looked at when new ones are counted. */
export const LOOKED_AT = 100;
const LOOK_EVERY = 8_000;

export function useCursorList<R>({ key, read, rowKey, enabled }: Options<R>): CursorList<R> {
  const queries = useQueryClient();
  const listKey = [...key, "pages"];
  const list = useInfiniteQuery({
    queryKey: listKey,
    queryFn: ({ pageParam }) => read({ after: pageParam, limit: PAGE }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    // Reading it again by itself would move what somebody is reading.
    staleTime: Number.POSITIVE_INFINITY,
    enabled,
  });
  const loaded = list.data?.pages.flatMap((page) => page.items);
  const newest = useQuery({
    queryKey: [...key, "newest"],
    queryFn: () => read({ limit: LOOKED_AT }),
    refetchInterval: LOOK_EVERY,
    staleTime: LOOK_EVERY,
    enabled: enabled !== false && loaded !== undefined,
  });
  // Where it stands moves no row; what is known of it is the newest.
  const fresh = new Map(newest.data?.items.map((row) => [rowKey(row), row]));
  const rows = loaded?.map((row) => fresh.get(rowKey(row)) ?? row);
  return {
    rows,
    error: list.error,
    moreError: list.isFetchNextPageError ? list.error : null,
    refetch: () => void list.refetch(),
    hasMore: list.hasNextPage,
    more: () => void list.fetchNextPage(),
    isLoadingMore: list.isFetchingNextPage,
    searchedTo: list.data?.pages.at(-1)?.searchedTo ?? null,
    newer: newerThan(loaded?.map(rowKey) ?? [], [...fresh.keys()]),
    showNewer: () => {
      window.scrollTo({ top: 0 });
      void queries.resetQueries({ queryKey: listKey });
    },
  };
}

/**
 * How many keys stand before what is known, newest first. What is known may be gone from among the newest,
 * as a call that is not under way any more: then keys tell by themselves, as they grow with time.
 */
export function newerThan(known: readonly string[], newest: readonly string[]): number {
  const index = newest.findIndex((key) => known.includes(key));
  if (index >= 0) return index;
  const [first] = known;
  const isAfter = (key: string, other: string) =>
    key.length === other.length ? key > other : key.length > other.length;
  return newest.filter((key) => first === undefined || isAfter(key, first)).length;
}
