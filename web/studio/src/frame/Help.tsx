/** The keys of the screen. */

import { Kbd, Stack, Switch, Table } from "@mantine/core";

import { t } from "../texts/index.ts";
import { Modal } from "../ui/dialogs.tsx";
import { INNER_PAGES, OUTER } from "./pages.ts";
import { useSingleKeys } from "./preferences.ts";

interface HelpProps {
  readonly appId: string | undefined;
  readonly onClose: () => void;
}

export default function Help({ appId, onClose }: HelpProps) {
  const [singleKeys, setSingleKeys] = useSingleKeys();
  const pages = [...(appId === undefined ? [] : INNER_PAGES), ...OUTER];
  const letters = pages.map((page) => [`g ${page.key}`, t.frame.help.goTo(page.name)] as const);
  const rows: (readonly [string, string])[] = [
    ["Ctrl K", t.frame.help.palette],
    ["Esc", t.frame.help.back],
    ...(singleKeys ? ([["?", t.frame.help.help], ...letters] as const) : []),
  ];
  return (
    <Modal opened onClose={onClose} title={t.frame.help.title}>
      <Stack>
        <Table>
          <Table.Tbody>
            {rows.map(([keys, meaning]) => (
              <Table.Tr key={keys}>
                <Table.Td>{meaning}</Table.Td>
                <Table.Td ta="end">
                  {keys.split(" ").map((key) => (
                    <Kbd key={key} ms={4}>
                      {key}
                    </Kbd>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch
          label={t.frame.help.singleKeys}
          description={t.frame.help.singleKeysLead}
          checked={singleKeys}
          onChange={(event) => setSingleKeys(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  );
}
