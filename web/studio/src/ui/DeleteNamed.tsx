/** The way to delete something that has a name and a list that it stands in. */

import { Text } from "@mantine/core";

import { DeleteSection } from "./DeleteSection.tsx";
import { done } from "./notify.ts";

interface DeleteNamedProps {
  readonly name: string;
  readonly words: {
    readonly delete: string;
    readonly deleteLead: string;
    readonly deleted: string;
  };
  /** Whether its name is to be typed first. */
  readonly isTyped?: boolean;
  /** What one needs for it; in an app, or in the installation. */
  readonly scope: string;
  readonly appId?: string;
  readonly remove: () => Promise<unknown>;
  /** Goes to the list. */
  readonly leave: () => Promise<unknown>;
  readonly refresh: () => Promise<unknown>;
}

export function DeleteNamed(props: DeleteNamedProps) {
  const { name, words, isTyped, scope, appId, remove, leave, refresh } = props;
  return (
    <DeleteSection
      title={words.delete}
      lead={words.deleteLead}
      act={words.delete}
      typed={isTyped ? name : undefined}
      scope={scope}
      appId={appId}
      onDelete={async () => {
        await remove();
        // Away from it first: what is gone can't be read again.
        await leave();
        await refresh();
        done(words.deleted);
      }}
    >
      <Text className="foreign">
        {name}: {words.deleteLead}
      </Text>
    </DeleteSection>
  );
}
