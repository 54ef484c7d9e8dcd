/** The blocks of a state: chosen, moved by a grip or a menu, added from the palette. */

import { ActionIcon, Menu, Text, UnstyledButton } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconCopy,
  IconDots,
  IconEyeQuestion,
  IconTrash,
} from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import { SortableList } from "../../../ui/list/SortableList.tsx";
import { type Block, blocksIn, STATES } from "../core/document.ts";
import { refusal } from "../core/kinds.ts";
import { duplicateBlock, moveBlock, removeBlock } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import { useFieldUses } from "../fields/useFieldUses.ts";
import { usesInWords } from "../fields/uses.ts";
import { blockName, firstWords, kindName } from "../names.ts";
import classes from "./blocks.module.css";
import { newId } from "./newId.ts";
import { Palette } from "./Palette.tsx";

export function BlockList({ selected }: { readonly selected: string | null }) {
  const { document, state, language, words, edit, go } = useEditing();
  const blocks = blocksIn(document, state);
  const name = (block: Block) => blockName(block, language, words);
  return (
    <section aria-label={t.design.blocks.title}>
      <Text size="sm" c="dimmed" mb="sm">
        {t.design.stateLeads[state]}
      </Text>
      {blocks.length === 0 && (
        <Text size="sm" c="dimmed" mb="sm">
          {t.design.blocks.none}
        </Text>
      )}
      <SortableList
        label={t.design.blocks.title}
        rows={blocks}
        rowKey={({ id }) => id}
        name={name}
        onMove={({ id }, to) => edit((present) => moveBlock(present, id, state, to))}
      >
        {(block, index) => (
          <div className={classes.block}>
            <UnstyledButton
              className={classes.choose}
              aria-current={block.id === selected}
              onClick={() => go({ block: block.id, tab: undefined })}
            >
              <span className={classes.kind}>
                {kindName(block.type)}
                {block.when != null && (
                  <IconEyeQuestion
                    size={14}
                    stroke={1.6}
                    role="img"
                    aria-label={t.design.blocks.conditional}
                  />
                )}
              </span>
              <span className={`${classes.words} one-line`} dir="auto">
                {firstWords(block, language, words)}
              </span>
            </UnstyledButton>
            <BlockMenu block={block} index={index} last={blocks.length - 1} name={name(block)} />
          </div>
        )}
      </SortableList>
      <Palette />
    </section>
  );
}

interface BlockMenuProps {
  readonly block: Block;
  readonly index: number;
  readonly last: number;
  readonly name: string;
}

function BlockMenu({ block, index, last, name }: BlockMenuProps) {
  const { appId, document, state, edit, go } = useEditing();
  const uses = useFieldUses(appId);
  const fields = block.type === "form" ? block.fields : null;
  const users = fields === null ? [] : uses.known(fields);
  const words = t.design.blocks;
  const others = STATES.filter(
    (other) => other !== state && refusal(document, block.type, other, block.id) === null,
  );
  const move = (to: number) => edit((present) => moveBlock(present, block.id, state, to));
  return (
    <Menu
      position="bottom-end"
      withinPortal
      // Asked again, where it could not be had before; why not is said once it is wanted.
      onOpen={() => void (fields && uses.find(fields).catch(() => null))}
    >
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={words.menu(name)}>
          <IconDots size={16} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconArrowUp size={15} />}
          disabled={index === 0}
          onClick={() => move(index - 1)}
        >
          {words.up}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconArrowDown size={15} />}
          disabled={index === last}
          onClick={() => move(index + 1)}
        >
          {words.down}
        </Menu.Item>
        {others.map((other) => (
          <Menu.Item
            key={other}
            onClick={() => {
              edit((present) =>
                moveBlock(present, block.id, other, blocksIn(present, other).length),
              );
              go({ state: other, example: undefined, block: block.id, tab: undefined });
            }}
          >
            {words.toState(t.design.states[other])}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconCopy size={15} />}
          disabled={refusal(document, block.type, state) !== null}
          onClick={() => {
            const id = newId();
            edit((present) => duplicateBlock(present, block.id, id));
            go({ block: id, tab: undefined });
          }}
        >
          {words.duplicate}
        </Menu.Item>
        <Menu.Item
          color="red"
          leftSection={<IconTrash size={15} />}
          disabled={users?.length !== 0}
          onClick={() => {
            edit((present) => removeBlock(present, block.id));
            go({ block: undefined });
          }}
        >
          {words.remove}
          {users?.length !== 0 && <Text size="xs">{usesInWords(users)}</Text>}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
