/** Says under a field what will not work, before it is saved. Always there: so it is read out. */

import { Text } from "@mantine/core";

export function Warning({ of }: { readonly of: readonly string[] }) {
  return (
    <div role="status">
      {of.map((words) => (
        <Text key={words} size="xs" mt={4} c="var(--studio-warn)" className="foreign">
          {words}
        </Text>
      ))}
    </div>
  );
}
