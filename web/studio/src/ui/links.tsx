/** Mantine's controls as links of the router. */

import { Anchor, Button, type ButtonProps, NavLink } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type AnchorProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps>;

function ButtonAnchor(
  props: ButtonProps & AnchorProps & { readonly ref?: Ref<HTMLAnchorElement> },
) {
  return <Button component="a" {...props} />;
}

export const ButtonLink = createLink(ButtonAnchor);
export const TextLink = createLink(Anchor<"a">);
export const NavigationLink = createLink(NavLink<"a">);
