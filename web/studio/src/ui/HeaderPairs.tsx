/** Headers by name and value, with what is said of them. */

import { Text } from "@mantine/core";
import type { ReactNode } from "react";

import { Pairs, type PairsProps } from "./Pairs.tsx";

interface HeaderPairsProps extends Pick<PairsProps, "pairs" | "onChange" | "faults" | "warning"> {
  readonly words: {
    readonly headers: string;
    readonly headersHint: string;
    readonly headerName: string;
    readonly headerValue: string;
  };
}

export function HeaderPairs({ words, ...pairs }: HeaderPairsProps): ReactNode {
  return (
    <div>
      <Text fw={500} size="sm">
        {words.headers}
      </Text>
      <Text c="dimmed" size="xs" mb="xs">
        {words.headersHint}
      </Text>
      <Pairs name={words.headerName} value={words.headerValue} path="headers" {...pairs} />
    </div>
  );
}
