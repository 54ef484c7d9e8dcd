/** What can be added to a state. */

import { Button, Menu } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import { blocksIn, type Kind } from "../core/document.ts";
import { fieldNames, KINDS, newBlock, RULES, refusal } from "../core/kinds.ts";
import { addBlock } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import { newId } from "./newId.ts";

export function Palette() {
  const { document, state, edit, go } = useEditing();
  const words = t.design.blocks;
  const add = (kind: Kind) => {
    const id = newId();
    edit((present) => {
      const block = newBlock(kind, id, present, t.design.fresh, fieldNames(present));
      return addBlock(present, state, blocksIn(present, state).length, block);
    });
    go({ block: id, tab: undefined });
  };
  return (
    <Menu position="bottom-start" width={280}>
      <Menu.Target>
        <Button variant="default" fullWidth mt="sm" leftSection={<IconPlus size={16} />}>
          {words.add}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah="22rem" style={{ overflowY: "auto" }}>
        <Menu.Label>{words.addTo(t.design.states[state])}</Menu.Label>
        {KINDS.filter((kind) => RULES[kind].states.includes(state)).map((kind) => {
          const why = refusal(document, kind, state);
          const [name, lead] = t.design.kinds[kind];
          const reason = why === "single" ? words.single : why === "full" ? words.full : lead;
          return (
            <Menu.Item key={kind} disabled={why !== null} onClick={() => add(kind)}>
              {name}
              <span style={{ display: "block", color: "var(--mantine-color-dimmed)" }}>
                {reason}
              </span>
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
