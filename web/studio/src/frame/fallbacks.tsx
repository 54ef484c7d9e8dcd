/** What is shown at an address that leads nowhere, and where a screen failed. */

import { Button } from "@mantine/core";
import { IconMoodPuzzled } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";

import { t } from "../texts/index.ts";
import { ButtonLink } from "../ui/links.tsx";
import { Nothing } from "../ui/states.tsx";

const icon = <IconMoodPuzzled size={22} stroke={1.6} />;

export function NotFound() {
  return (
    <Nothing
      isScreen
      icon={icon}
      title={t.frame.notFound}
      act={
        <ButtonLink to="/apps" variant="default">
          {t.frame.pages.apps}
        </ButtonLink>
      }
    >
      {t.frame.notFoundLead}
    </Nothing>
  );
}

export function ScreenFailed({ error }: ErrorComponentProps) {
  return (
    <div role="alert">
      <Nothing
        isScreen
        icon={icon}
        title={t.frame.crashed}
        act={<Button onClick={() => location.reload()}>{t.frame.reload}</Button>}
      >
        {t.frame.crashedLead}{" "}
        <span className="foreign">{error instanceof Error ? error.message : String(error)}</span>
      </Nothing>
    </div>
  );
}
