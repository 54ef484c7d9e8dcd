/** Dialogs that are there as long as they are open: when one goes, the keys are where they were before it. */

import {
  type DrawerProps,
  Drawer as MantineDrawer,
  Modal as MantineModal,
  type ModalProps,
} from "@mantine/core";
import { useEffect, useState } from "react";

export function Modal(props: ModalProps) {
  useReturnedFocus(props.opened);
  return <MantineModal {...props} />;
}

export function Drawer(props: DrawerProps) {
  useReturnedFocus(props.opened);
  return <MantineDrawer {...props} />;
}

/** Mantine gives the focus back when `opened` changes, and not when a dialog is taken away with it. */
function useReturnedFocus(isOpen: boolean): void {
  const [opener] = useState(() => (isOpen ? openerNow() : null));
  useEffect(
    () => () => {
      const content = document.getElementById("content");
      const { activeElement } = document;
      const isNowhere = activeElement === document.body || activeElement === content;
      if (!isNowhere || opener === null) return;
      // What was acted on may be gone with its button.
      const next = opener.isConnected ? opener : content;
      next?.focus({ preventScroll: true });
    },
    [opener],
  );
}

/** What a dialog is opened from: of a menu, which goes as well, its button. */
function openerNow(): HTMLElement | null {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement) || activeElement === document.body) return null;
  const menu = activeElement.closest('[role="menu"]')?.getAttribute("aria-labelledby");
  return menu == null ? activeElement : document.getElementById(menu);
}
