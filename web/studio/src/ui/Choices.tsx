/** What something new can begin with: a card each, which leads there. */

import { SimpleGrid, Text } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, ReactNode, Ref } from "react";

import classes from "./ui.module.css";

export function Choices({ children }: { readonly children: ReactNode }) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" ta="start">
      {children}
    </SimpleGrid>
  );
}

interface CardProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly name: string;
  readonly lead: string;
  readonly ref?: Ref<HTMLAnchorElement>;
}

function Card({ name, lead, ...props }: CardProps) {
  return (
    <a {...props} className={classes.choice}>
      <Text fw={600}>{name}</Text>
      <Text size="sm" c="dimmed">
        {lead}
      </Text>
    </a>
  );
}

export const Choice = createLink(Card);
