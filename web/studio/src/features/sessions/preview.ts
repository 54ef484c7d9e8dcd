/** The address of a preview of an app's widget: it begins with a token that Studio asks for. */

import { useQuery } from "@tanstack/react-query";

import { client, MADE_BY_ASKING, serverUrl } from "../../api/client.ts";

interface Preview {
  readonly appId: string;
  /** undefined: not known yet. */
  readonly widgetKey: string | undefined;
  /** Calls this profile in place of the app's default one. */
  readonly profileId?: string;
  /** Tells previews of one app apart. */
  readonly purpose?: string;
}

export function usePreviewAddress({ appId, widgetKey, profileId, purpose }: Preview) {
  return useQuery({
    queryKey: ["preview", appId, profileId, widgetKey, purpose],
    queryFn: () => previewAddress(appId, widgetKey ?? "", profileId),
    enabled: widgetKey !== undefined,
    // A token begins one preview: another one is asked for by the next one.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    meta: MADE_BY_ASKING,
  });
}

async function previewAddress(appId: string, key: string, profileId?: string): Promise<string> {
  const { data } = await client.POST("/v1/apps/{appId}/preview-tokens", {
    params: { path: { appId } },
  });
  const address = new URL(`w/${appId}`, serverUrl);
  address.search = new URLSearchParams({
    key,
    preview: data?.token ?? "",
    origin: location.origin,
    ...(profileId === undefined ? {} : { destination: profileId }),
  }).toString();
  return address.href;
}
