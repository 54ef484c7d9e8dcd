/** The real widget, as a preview in a sandbox, with the text that is written into over it. */

import type { Picked } from "@bellpush/protocol";
import { Skeleton } from "@mantine/core";
import { type ReactNode, useRef } from "react";

import { t } from "../../../texts/index.ts";
import { Failed } from "../../../ui/states.tsx";
import { usePreviewAddress } from "../../sessions/preview.ts";
import { WithKey } from "../../sessions/WithKey.tsx";
import classes from "./canvas.module.css";
import { type Shown, useFrame } from "./useFrame.ts";

interface CanvasProps {
  readonly appId: string;
  readonly shown: Shown;
  readonly size: "phone" | "desktop";
  readonly onPick: (picked: Picked) => void;
  readonly onWords: (words: Readonly<Record<string, string>>) => void;
  readonly onHistory: (step: "undo" | "redo") => void;
  /** What stands over the widget. */
  readonly children: ReactNode;
}

export function Canvas(props: CanvasProps) {
  return (
    <WithKey appId={props.appId}>
      {(widgetKey) => <Frame {...props} widgetKey={widgetKey} />}
    </WithKey>
  );
}

function Frame({
  appId,
  shown,
  size,
  onPick,
  onWords,
  onHistory,
  children,
  widgetKey,
}: CanvasProps & { readonly widgetKey: string | undefined }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const address = usePreviewAddress({ appId, widgetKey, purpose: "canvas" });
  const { isReady } = useFrame(frame, shown, { onPick, onWords, onHistory });
  if (address.error !== null) {
    return <Failed error={address.error} retry={() => void address.refetch()} />;
  }
  return (
    <div className={classes.stage} data-size={size}>
      <div className={classes.device}>
        {address.data !== undefined && (
          <iframe
            ref={frame}
            src={address.data}
            title={t.design.canvas.frame}
            // No microphone, no window of its own, and nothing that leads away.
            sandbox="allow-scripts allow-same-origin"
            data-ready={isReady}
            style={{ colorScheme: shown.scheme }}
          />
        )}
        {!isReady && (
          <div className={classes.waiting}>
            <Skeleton height="100%" radius="lg" />
          </div>
        )}
        {children}
      </div>
    </div>
  );
}
