/**
 * The conversation with the widget in the canvas: one message for each change of what it shows. What it
 * says is taken from that very frame alone.
 */

import type {
  Command,
  CommandMessage,
  DesignerCommand,
  DesignerMessage,
  DesignerReport,
  Picked,
} from "@bellpush/protocol";
import { type RefObject, useEffect, useRef, useState } from "react";

import type { Design } from "../core/document.ts";
import type { SceneChoice } from "./scenes.ts";

export interface Shown {
  readonly document: Design;
  readonly scene: SceneChoice;
  readonly language: string;
  readonly scheme: "light" | "dark";
}

interface FrameHandlers {
  readonly onPick: (picked: Picked) => void;
  readonly onWords: (words: Readonly<Record<string, string>>) => void;
  readonly onHistory: (step: "undo" | "redo") => void;
}

export function useFrame(
  frame: RefObject<HTMLIFrameElement | null>,
  { document, scene, language, scheme }: Shown,
  handlers: FrameHandlers,
): { readonly isReady: boolean } {
  // How often it has begun: a widget that was loaded anew is told everything again.
  const [begun, setBegun] = useState(0);
  const revision = useRef(0);
  const tell = useRef(handlers);
  tell.current = handlers;

  useEffect(() => {
    const hear = ({ source, origin, data }: MessageEvent<DesignerMessage | null>) => {
      const isOurs = source === frame.current?.contentWindow && origin === location.origin;
      if (!isOurs || data?.source !== "bellpush" || data.designer === undefined) return;
      const report: DesignerReport = data.designer;
      switch (report.name) {
        case "ready":
          setBegun((count) => count + 1);
          break;
        case "words":
          tell.current.onWords(report.words);
          break;
        case "history":
          tell.current.onHistory(report.step);
          break;
        case "picked":
          tell.current.onPick(report);
          break;
        case "shown":
          frame.current?.setAttribute("data-shown", String(report.revision));
          break;
      }
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, [frame]);

  useEffect(() => {
    if (begun > 0) send(frame.current, { command: "pick", picking: true });
  }, [frame, begun]);

  useEffect(() => {
    if (begun > 0) send(frame.current, { command: "language", language });
  }, [frame, begun, language]);

  useEffect(() => {
    if (begun > 0) send(frame.current, { command: "theme", theme: scheme });
  }, [frame, begun, scheme]);

  useEffect(() => {
    if (begun === 0) return;
    revision.current += 1;
    frame.current?.setAttribute("data-sent", String(revision.current));
    send(frame.current, { command: "design", design: document, revision: revision.current });
  }, [frame, begun, document]);

  useEffect(() => {
    if (begun === 0) return;
    send(frame.current, { command: "show", state: scene.state, example: scene.example });
  }, [frame, begun, scene]);

  return { isReady: begun > 0 };
}

function send(frame: HTMLIFrameElement | null, command: Command | DesignerCommand): void {
  const message = { source: "bellpush", version: 1, ...command } satisfies
    | CommandMessage
    | ({ source: "bellpush"; version: 1 } & DesignerCommand);
  frame?.contentWindow?.postMessage(message, location.origin);
}
