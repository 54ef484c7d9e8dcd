/** Says of a screen that goes on showing what it had: the server does not answer, and since when. */

import { useSyncExternalStore } from "react";

import { queryClient } from "../api/client.ts";
import { t } from "../texts/index.ts";
import { shortTime } from "../ui/time.ts";
import classes from "./frame.module.css";
import { unreachedSince } from "./unreachedSince.ts";

const subscribe = (tell: () => void) => queryClient.getQueryCache().subscribe(tell);

export function Unreached() {
  const since = useSyncExternalStore(subscribe, unreachedSince);
  return (
    <div role="status">
      {since > 0 && (
        <div className={classes.unreached}>
          {t.frame.unreached(shortTime(new Date(since).toISOString()))}
        </div>
      )}
    </div>
  );
}
