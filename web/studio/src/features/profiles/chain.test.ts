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

test("several pairs are told apart, and a comma within a value stays", () => {
  const { context } = questionOf({
    context: "tier:gold, orderId: A-1,note:a, b, page:https://a.example,https://b.example",
  });
  expect(context).toEqual({
    tier: "gold",
    orderId: "A-1",
    note: "a, b",
    page: "https://a.example,https://b.example",
  });
});
