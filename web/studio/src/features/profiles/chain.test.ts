import { expect, test } from "vitest";

import { questionOf } from "./chain.ts";

test("a question has what its address says, and a pair only where there is one", () => {
  expect(questionOf({ key: "vip", context: "url: https://shop.example", form: "no pair" })).toEqual(
    {
      at: undefined,
      destinationId: undefined,
      routingKey: "vip",
      context: { url: "https://shop.example" },
      form: undefined,
    },
  );
});
