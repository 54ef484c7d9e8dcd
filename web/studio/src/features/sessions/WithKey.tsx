/** What needs one of the app's widget keys: the way to make one, where there is none. */

import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { api } from "../../api/client.ts";
import { t } from "../../texts/index.ts";
import { failed } from "../../ui/notify.ts";
import { Failed, Nothing } from "../../ui/states.tsx";
import { refreshKeys, useWidgetKeys } from "../apps/queries.ts";

interface WithKeyProps {
  readonly appId: string;
  /** undefined while it is looked up. */
  readonly children: (widgetKey: string | undefined) => ReactNode;
}

export function WithKey({ appId, children }: WithKeyProps) {
  const keys = useWidgetKeys(appId);
  const key = keys.data?.items[0]?.key;
  const make = api.useMutation("post", "/v1/apps/{appId}/widget-keys", {
    onSuccess: refreshKeys,
    onError: failed,
  });
  if (keys.error !== null) {
    return <Failed error={keys.error} retry={() => void keys.refetch()} />;
  }
  if (keys.data === undefined || key !== undefined) return children(key);
  return (
    <Nothing
      icon={<IconKey size={22} stroke={1.6} />}
      title={t.apps.tryIt.noKey}
      act={
        <Button
          onClick={() => make.mutate({ params: { path: { appId } } })}
          loading={make.isPending}
        >
          {t.apps.tryIt.makeKey}
        </Button>
      }
    >
      {t.apps.tryIt.noKeyLead}
    </Nothing>
  );
}
