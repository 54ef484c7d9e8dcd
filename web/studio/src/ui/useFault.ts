/** What is typed and can't be taken, at the field where it stands. */

import { useLayoutEffect, useRef } from "react";

/**
 * Tells the form of a field that it can't be sent while this is wrong with it, in the browser's own way;
 * the form leads there. null: nothing is.
 */
export function useFault(fault: string | null) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.setCustomValidity(fault ?? ""), [fault]);
  return input;
}

/** The first field of a form that says so. */
export const faultyField = (form: HTMLFormElement): HTMLInputElement | null =>
  [...form.elements].find(
    (one): one is HTMLInputElement => one instanceof HTMLInputElement && one.validity.customError,
  ) ?? null;
