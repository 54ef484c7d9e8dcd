/** A page before Studio itself: signing in, setting up, joining. */

import { Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

import frame from "../../../frame/frame.module.css";
import icon from "../../../icon.svg";
import { t } from "../../../texts/index.ts";

interface GateProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly wide?: boolean;
  readonly children?: ReactNode;
}

export function Gate({ title, lead, wide = false, children }: GateProps) {
  useEffect(() => {
    document.title = `${title} · ${t.frame.product}`;
  }, [title]);
  return (
    <main className={frame.gate}>
      <div className={`surface ${frame.gateCard}`} data-wide={wide}>
        <Stack gap="lg">
          <img src={icon} alt="" />
          <div>
            <Title order={1}>{title}</Title>
            {lead !== undefined && (
              <Text c="dimmed" mt={4} component="div">
                {lead}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </div>
    </main>
  );
}
