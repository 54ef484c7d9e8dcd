/** Two documents as text, one merged view with what differs marked. Loaded when it is wanted. */

import { json } from "@codemirror/lang-json";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";

import { nonce } from "../../../nonce.ts";
import { t } from "../../../texts/index.ts";
import { highlighting } from "../../../ui/code/highlighting.ts";
import type { Design } from "../core/document.ts";

const text = (document: Design) => JSON.stringify(document, null, 2);

export default function RawDiff({
  before,
  after,
}: {
  readonly before: Design;
  readonly after: Design;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null) return;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text(after),
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ "aria-label": t.design.diff.raw, tabindex: "0" }),
          EditorState.readOnly.of(true),
          EditorView.lineWrapping,
          lineNumbers(),
          json(),
          highlighting,
          unifiedMergeView({
            original: text(before),
            mergeControls: false,
            collapseUnchanged: { margin: 2, minSize: 4 },
          }),
        ],
      }),
    });
    return () => view.destroy();
  }, [before, after]);
  return <div ref={place} />;
}
