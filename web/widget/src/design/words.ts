/** Words: the widget's own, or those of a design in the language that fits the visitor's best. */

import type { design } from "@bellpush/protocol";
import { spokenMoment } from "../hours.ts";
import { secondsOf } from "../state.ts";
import { clockTime } from "../ui/time.ts";
import type { Scene } from "./scene.ts";

export interface Words {
  readonly text: string;
  /** Of words in another language than the document's. */
  readonly lang?: string;
  readonly dir?: "auto";
}

/** The language of a design for a visitor's: the same tag, else one of the same language, else the first. */
export function languageFor(languages: readonly string[], tag: string): string {
  const lower = tag.toLowerCase();
  const primary = (one: string) => one.toLowerCase().split("-", 1)[0];
  return (
    languages.find((one) => one.toLowerCase() === lower) ??
    languages.find((one) => primary(one) === primary(tag)) ??
    languages[0] ??
    "en"
  );
}

/** A text as it is shown; empty where there is none. */
export function wordsOf(text: design.Text, scene: Scene): Words {
  if (typeof text === "string") {
    return { text: widgetText(text, scene) };
  }
  const { shown, language, t } = scene;
  const own = languageFor(shown.design.languages, language);
  const words = text?.[own] ?? "";
  return own === t.language ? { text: words } : { text: words, lang: own, dir: "auto" };
}

function widgetText(key: design.TextKey, { state, t, opensAt, epoch, later, now }: Scene): string {
  switch (key) {
    case "closed.opens":
      return opensAt === null
        ? t.closed.text
        : t.closed.opens(spokenMoment(opensAt, epoch(), t.language));
    case "ended.duration":
      return t.ended.duration(clockTime(secondsOf(state, now())));
    case "error.message":
      return state.name === "error" ? (later?.explain(state, t) ?? state.message) : "";
    default: {
      const [group = "", name = ""] = key.split(".");
      const texts: Readonly<Record<string, Readonly<Record<string, unknown>> | string>> = t;
      const found = (texts[group] as Readonly<Record<string, unknown>> | undefined)?.[name];
      return typeof found === "string" ? found : "";
    }
  }
}
