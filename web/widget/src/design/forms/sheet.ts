/**
 * What the visitor has filled in, and what is to be mended of it. Kept as long as the page lives, so
 * that a call that fails, or a design that changes, asks for nothing twice.
 */

import type { design, FormValues } from "@bellpush/protocol";
import { wellFormed } from "../../text.ts";
import { type Fault, faultOf, isBlank } from "./validation.ts";

/** Names the consent among the fields: no field can be named so. */
export const CONSENT = "/consent";

export interface Sheet {
  valueOf(name: string): string;
  write(field: design.Field, value: string): void;
  faultOf(name: string): Fault | null;
  /** Takes away a fault that is mended. */
  forgive(name: string): void;
  /** The values of fields; null when one is not as it has to be, which is marked. */
  take(fields: readonly design.Field[]): FormValues | null;
  /** Marks a fault; the first one of several gets the focus. */
  blame(name: string, fault: Fault): void;
  /** Whether this field is the one to look at; once. */
  takesFocus(name: string): boolean;
}

export function createSheet(): Sheet {
  const values = new Map<string, string>();
  const faults = new Map<string, Fault>();
  let focus: string | null = null;

  function blame(name: string, fault: Fault): void {
    faults.set(name, fault);
    focus ??= name;
  }

  return {
    valueOf: (name) => values.get(name) ?? "",
    write(field, value) {
      values.set(field.name, value);
      for (const [name, fault] of faults) {
        // It stands at one field, and is mended at the other one as well.
        if (fault === "either") {
          faults.delete(name);
        }
      }
      // What was wrong is looked at anew with each character; what is being written is not.
      const fault = faults.has(field.name) ? faultOf(field, value) : null;
      if (fault === null) {
        faults.delete(field.name);
      } else {
        faults.set(field.name, fault);
      }
    },
    faultOf: (name) => faults.get(name) ?? null,
    forgive: (name) => faults.delete(name),
    take(fields) {
      faults.clear();
      focus = null;
      const taken: Record<string, string> = {};
      for (const field of fields) {
        const value = wellFormed(values.get(field.name) ?? "");
        const fault = faultOf(field, value);
        if (fault !== null) {
          blame(field.name, fault);
        } else if (!isBlank(value)) {
          taken[field.name] = value;
        }
      }
      return faults.size === 0 ? taken : null;
    },
    blame,
    takesFocus(name) {
      const takes = name === focus;
      if (takes) {
        focus = null;
      }
      return takes;
    },
  };
}
