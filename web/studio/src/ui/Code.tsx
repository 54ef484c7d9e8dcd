/** Text for machines, shown as it is, to be copied. */

import { Copy } from "./Id.tsx";
import classes from "./ui.module.css";

export function Code({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={classes.code}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reached by keys */}
      {/* biome-ignore lint/a11y/useSemanticElements: no fields, and no landmark: there may be many */}
      <div role="group" tabIndex={0} aria-label={label} className={classes.codeText}>
        <pre>{text}</pre>
      </div>
      <div className={classes.codeCopy}>
        <Copy value={text} what={label} />
      </div>
    </div>
  );
}

/** A value as indented JSON. */
export const json = (value: unknown): string => JSON.stringify(value, null, 2) ?? "";
