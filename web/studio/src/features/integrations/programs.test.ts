import { expect, test } from "vitest";

import { RECEIVERS } from "./programs.ts";

test("there is a receiver in six languages, with the way to run it", () => {
  expect(RECEIVERS.map((one) => one.language)).toEqual([
    "Python",
    "Node.js",
    "PHP",
    "Ruby",
    "Java",
    "Perl",
  ]);
  for (const { command, code } of RECEIVERS) {
    expect(command).toMatch(/^(python3|node|php|ruby|java|perl) /);
    expect(code).toContain("WEBHOOK_SECRET");
  }
});
