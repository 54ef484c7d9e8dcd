/** The name of a row that is found by it: there is one of each, and what is to be kept has one. */

import { TextInput, type TextInputProps } from "@mantine/core";

import { nameFault } from "./rowNames.ts";
import { useFault } from "./useFault.ts";

interface RowNameProps extends Omit<TextInputProps, "value" | "error"> {
  readonly names: readonly string[];
  readonly index: number;
  /** Whether the row says anything beside its name. */
  readonly isUsed: boolean;
}

export function RowName({ names, index, isUsed, ...props }: RowNameProps) {
  const fault = nameFault(names, index, isUsed);
  return <TextInput {...props} ref={useFault(fault)} value={names[index] ?? ""} error={fault} />;
}
