/** An id: in monospace, to be copied. In lists its middle is left out. */

import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import { t } from "../texts/index.ts";
import classes from "./ui.module.css";

function shortId(id: string): string {
  return id.length > 18 ? `${id.slice(0, id.indexOf("_") + 5)}…${id.slice(-6)}` : id;
}

export function Id({ value, whole = false }: { readonly value: string; readonly whole?: boolean }) {
  return (
    <span className={classes.id}>
      <Tooltip label={value} disabled={whole}>
        <span className={whole ? "foreign" : "one-line"}>{whole ? value : shortId(value)}</span>
      </Tooltip>
      <Copy value={value} what={value} />
    </span>
  );
}

export function Copy({ value, what }: { readonly value: string; readonly what?: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t.ui.copied : t.ui.copy}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            onClick={(event) => {
              event.stopPropagation();
              copy();
            }}
            aria-label={what === undefined ? t.ui.copy : t.ui.copyWhat(what)}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
