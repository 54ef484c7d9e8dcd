/** A field for HTML with highlighting and completions. Loaded when a screen has one. */

import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { html, htmlLanguage } from "@codemirror/lang-html";
import { javascriptLanguage } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";

import { nonce } from "../../nonce.ts";
import { highlighting } from "./highlighting.ts";

interface CodeFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is offered while JavaScript is written. */
  readonly complete: (context: CompletionContext) => CompletionResult | null;
}

export default function CodeField({ label, value, onChange, complete }: CodeFieldProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const tell = useRef(onChange);
  tell.current = onChange;
  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; what follows is brought in below
  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.lineWrapping,
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          indentOnInput(),
          html(),
          htmlLanguage.data.of({}),
          javascriptLanguage.data.of({ autocomplete: complete }),
          autocompletion(),
          // Tab goes on to the next field, as everywhere.
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          highlighting,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) tell.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  // What came from elsewhere: discarded, restored, or merged.
  useEffect(() => {
    const present = view.current?.state.doc.toString();
    if (view.current !== null && present !== value) {
      view.current.dispatch({ changes: { from: 0, to: present?.length ?? 0, insert: value } });
    }
  }, [value]);
  return <div ref={place} />;
}
