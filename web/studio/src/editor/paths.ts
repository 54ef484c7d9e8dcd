/** From the places of a request to the fields of a form. */

/** A JSON pointer (RFC 6901) as a form's path, where the form has the request's own structure. */
export const plainPath = (pointer: string): string =>
  pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
