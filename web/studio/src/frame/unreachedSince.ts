/** Whether what is shown could not be read again, as the server does not answer. */

import { queryClient } from "../api/client.ts";
import { asProblem } from "../api/problem.ts";

/** From when the oldest is of what is shown and could not be read again; 0: all was. */
export function unreachedSince(): number {
  const times = queryClient
    .getQueryCache()
    .findAll({ type: "active" })
    .filter(
      ({ state }) => state.status === "error" && state.data !== undefined && isAway(state.error),
    )
    .map(({ state }) => state.dataUpdatedAt);
  return times.length === 0 ? 0 : Math.min(...times);
}

/** No answer, or none that says anything of what was asked. */
function isAway(error: unknown): boolean {
  const { status } = asProblem(error);
  return status === 0 || status >= 500;
}
