/** Short messages about what was done, or was not. */

import { notifications } from "@mantine/notifications";

import { asProblem } from "../api/problem.ts";

export function done(message: string): void {
  notifications.show({ message, color: "teal", autoClose: 4_000 });
}

export function failed(error: unknown): void {
  notifications.show({
    message: asProblem(error).message,
    color: "red",
    autoClose: 10_000,
    role: "alert",
  });
}
