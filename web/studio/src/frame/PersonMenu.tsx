/** Appearance, keys, and signing out. */

import {
  ActionIcon,
  Menu,
  SegmentedControl,
  Switch,
  Text,
  Tooltip,
  useMantineColorScheme,
} from "@mantine/core";
import { IconKeyboard, IconLogout, IconUserCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import { useMe } from "../features/people/queries.ts";
import { signOut } from "../features/people/sign-in/seat.ts";
import { t } from "../texts/index.ts";
import { useCompactRows } from "./preferences.ts";

export function PersonMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [compact, setCompact] = useCompactRows();
  const me = useMe().data;
  return (
    <Menu width={264} position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Tooltip label={t.frame.account}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t.frame.account}>
            <IconUserCircle size={22} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {me !== undefined && (
          <>
            <Menu.Item
              component={Link}
              to="/account"
              closeMenuOnClick
              leftSection={<IconUserCircle size={16} />}
            >
              <Text size="sm" fw={500} className="one-line">
                {me.name}
              </Text>
              <Text size="xs" c="dimmed" className="one-line">
                {me.email}
              </Text>
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        <Menu.Label>{t.frame.theme.label}</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          mx="xs"
          mb="xs"
          aria-label={t.frame.theme.label}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as typeof colorScheme)}
          data={[
            { value: "light", label: t.frame.theme.light },
            { value: "dark", label: t.frame.theme.dark },
            { value: "auto", label: t.frame.theme.auto },
          ]}
        />
        <Switch
          mx="sm"
          my="xs"
          size="xs"
          label={t.frame.theme.compact}
          checked={compact}
          onChange={(event) => setCompact(event.currentTarget.checked)}
        />
        <Menu.Divider />
        <Menu.Item closeMenuOnClick leftSection={<IconKeyboard size={16} />} onClick={onHelp}>
          {t.frame.help.open}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          {t.frame.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
