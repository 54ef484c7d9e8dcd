/** What few pages or visitors need: loaded when it is needed. */

import type { AskMessage, Command, ContextPatch, PageAnswer } from "@bellpush/protocol";
import type { Checked, Report } from "./check/findings.ts";
import type { BeforeCallAnswer, Entry } from "./handle.ts";
import { addressOf, type MountOptions, patched } from "./options.ts";

/** Its code comes by a request of its own, beside this one. */
export async function check(options: Checked): Promise<Report> {
  return (await import("./check/page.ts")).checkAloud(options);
}

/** What a page is told that has the loader and no widget. */
export const NOTHING_MOUNTED = "embed.js has no data-app, and nothing was mounted";

/** How long the visitor waits for the page's word. */
const PATIENCE_MS = 10_000;

export { names } from "./names.ts";

/** The page's answer to a question of the widget. What fails on the way keeps the call from being made. */
export async function answer(
  { id, subject }: AskMessage["ask"],
  options: MountOptions,
  entries: Iterable<Entry>,
): Promise<Command> {
  let said: PageAnswer = { allowed: false };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, PATIENCE_MS, new Error("it did not come within 10 s"));
  });
  try {
    const asked = subject === "session" ? giveSession(options) : askHandlers(options, entries);
    said = await Promise.race([asked, late]);
  } catch (error) {
    console.error("Bellpush: the call is not made, since the page's answer to it failed:", error);
  } finally {
    clearTimeout(timer);
  }
  return { command: "answer", id, answer: said };
}

async function giveSession({ session }: MountOptions): Promise<PageAnswer> {
  const token = typeof session === "function" ? await session() : session;
  if (typeof token !== "string") {
    throw new TypeError("the session function gave no token");
  }
  return { allowed: true, session: token };
}

async function askHandlers(options: MountOptions, entries: Iterable<Entry>): Promise<PageAnswer> {
  let context: ContextPatch = {};
  let formValues: Readonly<Record<string, string>> = {};
  for (const { name, handler } of [...entries]) {
    if (name !== "beforecall") {
      continue;
    }
    const event = { name, context: patched(options.context, context) };
    const said = (await handler(event)) as BeforeCallAnswer;
    if (said === false) {
      return { allowed: false };
    }
    if (typeof said === "object" && said !== null) {
      context = { ...context, ...said.context };
      formValues = { ...formValues, ...said.formValues };
    }
  }
  addressOf({ ...options, context: patched(options.context, context) }, "");
  for (const [name, value] of Object.entries(formValues)) {
    if (typeof value !== "string") {
      throw new TypeError(`the form value "${name}" needs a text as its value`);
    }
  }
  return { allowed: true, context, formValues };
}
