/** What somebody else changed in the same place: for each part one is chosen. */

import { Button, Group, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";

import conflict from "../../../editor/conflict.module.css";
import { LastChange } from "../../../editor/LastChange.tsx";
import { t } from "../../../texts/index.ts";
import { Modal } from "../../../ui/dialogs.tsx";
import { blockOf, type Design } from "../core/document.ts";
import type { Clash, Side } from "../core/merge.ts";
import { kindName } from "../names.ts";

interface ClashDialogProps {
  readonly appId: string;
  readonly document: Design;
  readonly clashes: readonly Clash[];
  readonly onResolve: (sides: readonly Side[]) => void;
}

export function ClashDialog({ appId, document, clashes, onResolve }: ClashDialogProps) {
  const [sides, setSides] = useState<readonly Side[]>(() => clashes.map(() => "mine"));
  const words = t.design.clash;
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      size="xl"
      title={words.title}
    >
      <Stack>
        <LastChange subject={{ appId, of: "design" }} />
        <Text>{words.lead}</Text>
        {clashes.map((clash, index) => {
          const name = partName(document, clash.part);
          return (
            <Radio.Group
              key={clash.part.join(" ")}
              label={name}
              value={sides[index] ?? "mine"}
              onChange={(side) =>
                setSides(sides.map((one, at) => (at === index ? (side as Side) : one)))
              }
            >
              <SimpleGrid cols={{ base: 1, sm: 2 }} mt={4}>
                <div className={conflict.side}>
                  <Radio value="mine" label={words.mine} />
                  <pre>{shown(clash.mine)}</pre>
                </div>
                <div className={conflict.side}>
                  <Radio value="theirs" label={words.theirs} />
                  <pre>{shown(clash.theirs)}</pre>
                </div>
              </SimpleGrid>
            </Radio.Group>
          );
        })}
        <Group justify="flex-end">
          <Button onClick={() => onResolve(sides)}>{words.act}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** What a part is called: a block by its kind, the rest by where it stands. */
export function partName(
  document: Design,
  [kind = "", id = "", ...rest]: readonly string[],
): string {
  if (kind === "block" || kind === "place") {
    const block = blockOf(document, id);
    const name = block === null ? id : kindName(block.type);
    return [name, ...rest].join(" · ");
  }
  return [kind === "texts" ? t.design.diff.texts : kind, id, ...rest].filter(Boolean).join(" · ");
}

function shown(value: unknown): string {
  if (value === undefined) return t.design.clash.gone;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
