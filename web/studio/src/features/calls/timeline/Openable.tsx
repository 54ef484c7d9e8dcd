/** Something of which there is more to see. */

import { Badge, Collapse, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { t } from "../../../texts/index.ts";
import classes from "./timeline.module.css";

interface OpenableProps {
  readonly title: ReactNode;
  readonly isPreview?: boolean;
  readonly children: () => ReactNode;
}

export function Openable({ title, isPreview = false, children }: OpenableProps) {
  const [isOpen, body] = useDisclosure(false);
  return (
    <>
      <UnstyledButton onClick={body.toggle} aria-expanded={isOpen} className={classes.opens}>
        <IconChevronRight size={14} className={classes.chevron} data-open={isOpen} aria-hidden />
        {title}
        {isPreview && (
          <Badge size="sm" variant="default">
            {t.calls.one.preview}
          </Badge>
        )}
      </UnstyledButton>
      <Collapse expanded={isOpen} transitionDuration={120}>
        {isOpen && children()}
      </Collapse>
    </>
  );
}
