/** A field's hint stands below it, so that inputs side by side are on one line. */
export const below = (description: string) => ({
  description,
  inputWrapperOrder: ["label", "input", "description", "error"] as (
    | "label"
    | "input"
    | "description"
    | "error"
  )[],
});
