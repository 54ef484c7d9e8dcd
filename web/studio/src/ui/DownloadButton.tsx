/** A file of the server's. Who is not signed in any more is asked to, in place of a file that says so. */

import { Button, type ButtonProps } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { MouseEvent, ReactNode } from "react";

import { client } from "../api/client.ts";
import { asProblem } from "../api/problem.ts";
import { download } from "./download.ts";
import { failed } from "./notify.ts";

interface DownloadButtonProps extends Pick<ButtonProps, "size"> {
  readonly href: string;
  /** What the file is called, where the server does not say so. */
  readonly name?: string;
  readonly "aria-label"?: string;
  readonly children: ReactNode;
}

export function DownloadButton({ href, name = "", size = "xs", ...rest }: DownloadButtonProps) {
  const fetch = async (event: MouseEvent) => {
    event.preventDefault();
    try {
      await client.GET("/v1/me");
      download(href, name);
    } catch (error) {
      if (asProblem(error).status !== 401) failed(error);
    }
  };
  return (
    <Button
      component="a"
      href={href}
      download={name}
      size={size}
      variant="default"
      leftSection={<IconDownload size={14} stroke={1.6} aria-hidden />}
      onClick={(event) => void fetch(event)}
      {...rest}
    />
  );
}
