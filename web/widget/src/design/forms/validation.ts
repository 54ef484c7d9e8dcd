/** Whether values can be in their fields: what the server checks as well, said before it is asked. */

import type { design } from "@bellpush/protocol";

export type Fault = "required" | "invalid" | "short" | "long" | "email" | "phone" | "either";

/** Characters of a value, at most, where the field says nothing. */
const MOST_CHARS = 2000;

/** Whether nothing has been written. */
export function isBlank(value: string): boolean {
  return value.trim() === "";
}

/** What is wrong with a value; null when nothing is. */
export function faultOf(field: design.Field, value: string): Fault | null {
  if (isBlank(value)) {
    return field.required ? "required" : null;
  }
  // As the server counts: by code points.
  const chars = Array.from(value).length;
  if (chars > (field.maxLength ?? MOST_CHARS)) {
    return "long";
  }
  if (chars < (field.minLength ?? 0)) {
    return "short";
  }
  switch (field.kind) {
    case "text":
      return /[\r\n]/.test(value) || !fits(field.pattern, value) ? "invalid" : null;
    case "email":
      return isEmail(value) ? null : "email";
    case "phone":
      return isPhoneNumber(value) ? null : "phone";
    case "select":
      return field.options?.some((option) => option.value === value) ? null : "invalid";
    case "checkbox":
      return value === "true" ? null : "invalid";
    default:
      // What this version does not know, the server checks alone.
      return null;
  }
}

function isEmail(value: string): boolean {
  const bytes = new TextEncoder().encode(value).length;
  return bytes <= 254 && /^[^\s\p{Cc}?&<>"',;:@]+@[^\s\p{Cc}?&<>"',;:@]+$/u.test(value);
}

function isPhoneNumber(value: string): boolean {
  const digits = value.replace(/\D/g, "").length;
  return /^[\d ().+-][\d ().-]*$/.test(value) && digits >= 3 && digits <= 20 && value.length <= 40;
}

/** Classes that mean more characters to the server than in this language. */
const WIDER = /\\[dwsb]/i;
const ASCII = /^\p{ASCII}*$/u;

/** Whether a value has the form of a pattern. What is not sure passes: the server has the last word. */
function fits(pattern: string | null | undefined, value: string): boolean {
  if (!pattern || (WIDER.test(pattern) && !ASCII.test(value))) {
    return true;
  }
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}
