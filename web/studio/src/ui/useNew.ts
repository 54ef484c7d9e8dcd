/** The dialog for something new, kept in the address of the screen that it belongs to. */

import { useNavigate, useSearch } from "@tanstack/react-router";

export interface NewDialog {
  readonly isOpen: boolean;
  readonly open: () => void;
  readonly close: () => void;
}

export function useNew(): NewDialog {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (isOpen: true | undefined) =>
    void navigate({ to: ".", search: { new: isOpen }, resetScroll: false });
  return { isOpen: search.new === true, open: () => go(true), close: () => go(undefined) };
}
