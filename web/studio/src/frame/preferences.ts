/** What a person likes in this browser: density of rows, and single-letter keys. */

import { useLocalStorage } from "@mantine/hooks";

export const useCompactRows = () =>
  useLocalStorage({
    key: "bellpush-studio-compact",
    defaultValue: false,
    getInitialValueInEffect: false,
  });

export const useSingleKeys = () =>
  useLocalStorage({
    key: "bellpush-studio-keys",
    defaultValue: true,
    getInitialValueInEffect: false,
  });
