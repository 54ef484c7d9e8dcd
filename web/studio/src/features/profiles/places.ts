/** Places of templates, as `{form.name}`: which of them the server would refuse. */

/** A place that stands for nothing. */
export type Unknown =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "place"; readonly name: string };

/**
 * What a template names that is not there, each once. Without fields (null) nothing is known of them, and
 * none is missed.
 */
export function unknownIn(
  template: string,
  fields: ReadonlySet<string> | null,
): readonly Unknown[] {
  const unknown = new Map<string, Unknown>();
  // Two braces are one brace, and no place.
  for (const [, name] of template.matchAll(/\{\{|\}\}|\{([^{}]*)\}/g)) {
    if (name === undefined || name === "routingKey" || /^context\../.test(name)) continue;
    const field = /^form\.(.+)$/.exec(name)?.[1];
    if (field === undefined) unknown.set(name, { kind: "place", name });
    else if (fields !== null && !fields.has(field))
      unknown.set(name, { kind: "field", name: field });
  }
  return [...unknown.values()];
}
