/** Says under a template what it names that is not there, before the server refuses it. */

import { t } from "../../texts/index.ts";
import { Warning } from "../../ui/Warning.tsx";
import { unknownIn } from "./places.ts";

interface TemplateWarningProps {
  readonly template: string;
  /** The fields of the form that visitors see; null: not known. */
  readonly fields: ReadonlySet<string> | null;
}

export function TemplateWarning({ template, fields }: TemplateWarningProps) {
  const words = unknownIn(template, fields).map(({ kind, name }) =>
    kind === "field" ? t.profiles.unknownField(name) : t.profiles.unknownPlace(name),
  );
  return <Warning of={words} />;
}
