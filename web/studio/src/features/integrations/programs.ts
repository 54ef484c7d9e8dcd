/** The receivers of the documentation, which are tested as they stand there. */

import document from "../../../../../docs/receivers.md?raw";

export interface ReceiverProgram {
  readonly language: string;
  readonly command: string;
  readonly code: string;
}

export const RECEIVERS: readonly ReceiverProgram[] = [
  ...document.matchAll(/^### (.+)\n[\s\S]*?^```\w+ receiver\n([\s\S]*?)^```/gm),
].map(([, language = "", code = ""]) => ({ language, code, command: commandOf(language) }));

/** How the documentation's table says it is run. */
function commandOf(language: string): string {
  const row = document.split("\n").find((line) => line.startsWith(`| [${language}]`));
  return /`([^`]+)`/.exec(row ?? "")?.[1] ?? "";
}
