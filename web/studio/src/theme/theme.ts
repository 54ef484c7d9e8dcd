/** Studio's look in Mantine's terms: one accent, cool greys, one type scale, tabular figures. */

import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

import { t } from "../texts/index.ts";

/** The widget's teal. */
const teal: MantineColorsTuple = [
  "#e9f7f4",
  "#d3ede8",
  "#a5dcd2",
  "#74cabb",
  "#4fd6c3",
  "#2aa898",
  "#138676",
  "#0b7367",
  "#095e54",
  "#064a42",
];

const grey: MantineColorsTuple = [
  "#f7f9f9",
  "#eff2f2",
  "#e2e7e7",
  "#cfd6d6",
  "#a9b4b4",
  "#7b8888",
  "#586666",
  "#445151",
  "#2b3636",
  "#15201f",
];

const dark: MantineColorsTuple = [
  "#eaf0f0",
  "#b6c2c3",
  "#96a5a7",
  "#6f7f82",
  "#3a464a",
  "#2b363a",
  "#1f282b",
  "#161d1f",
  "#101517",
  "#0b0f10",
];

const mono =
  "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', 'DejaVu Sans Mono', monospace";

/** On the accent stands what contrasts with it in the theme that is shown, not in the light one. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input);
  const isAccent = input.color === undefined || input.color === input.theme.primaryColor;
  return input.variant === "filled" && isAccent
    ? { ...resolved, color: "var(--mantine-primary-color-contrast)" }
    : resolved;
};

/** A dialog's head is no head of the page, as its element would say. */
const NO_BANNER = { header: { role: "presentation" } };

export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.42,
  variantColorResolver,
  colors: { teal, gray: grey, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: mono,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.4" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1.0625rem", lineHeight: "1.4" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "md",
  radius: { xs: "0.1875rem", sm: "0.3125rem", md: "0.5rem", lg: "0.75rem", xl: "1rem" },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Tooltip: {
      defaultProps: { openDelay: 300, transitionProps: { duration: 100 }, withinPortal: true },
    },
    Modal: {
      defaultProps: {
        transitionProps: { duration: 140 },
        centered: true,
        radius: "lg",
        closeButtonProps: { "aria-label": t.ui.close },
        attributes: NO_BANNER,
      },
      styles: { title: { fontWeight: 600, fontSize: "1.0625rem" } },
    },
    Drawer: {
      defaultProps: {
        transitionProps: { duration: 140 },
        closeButtonProps: { "aria-label": t.ui.close },
        attributes: NO_BANNER,
      },
      styles: { title: { fontWeight: 600, fontSize: "1.0625rem" } },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": t.ui.close } } },
    Badge: { defaultProps: { tt: "none", fw: 500 } },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
    TextInput: { defaultProps: { autoComplete: "off" } },
    Paper: { defaultProps: { radius: "lg" } },
  },
});

/** Colours of our own beside Mantine's, for both themes. */
export const variables: CSSVariablesResolver = () => ({
  variables: { "--studio-sidebar": "15rem" },
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#15201f",
    "--mantine-color-dimmed": "#51605f",
    "--mantine-color-placeholder": "#6b7878",
    "--mantine-color-error": "#b3202c",
    "--mantine-color-default-border": "#d5dcdc",
    "--studio-canvas": "#f7f9f9",
    "--studio-surface": "#ffffff",
    "--studio-raised": "#eff3f2",
    "--studio-line": "#e3e8e8",
    "--studio-accent": "#0b7367",
    "--studio-accent-soft": "#e3f4f0",
    "--studio-second": "#6a4bb5",
    "--studio-good": "#0b7367",
    "--studio-warn": "#8a5300",
    "--studio-warn-soft": "#fdf2dd",
    "--studio-bad": "#b3202c",
    "--studio-bad-soft": "#fdeaec",
    "--studio-shadow": "0 1px 2px rgb(16 40 38 / 5%)",
  },
  dark: {
    "--mantine-color-body": "#161d1f",
    "--mantine-color-text": "#eaf0f0",
    "--mantine-color-dimmed": "#a3b2b4",
    "--mantine-color-placeholder": "#8d9c9e",
    "--mantine-color-error": "#ff9199",
    "--mantine-color-default-border": "#344045",
    "--studio-canvas": "#101517",
    "--studio-surface": "#161d1f",
    "--studio-raised": "#1f282b",
    "--studio-line": "#283236",
    "--studio-accent": "#4fd6c3",
    "--studio-accent-soft": "#12312d",
    "--studio-second": "#b9a2ff",
    "--studio-good": "#4fd6c3",
    "--studio-warn": "#f2bd6b",
    "--studio-warn-soft": "#33270f",
    "--studio-bad": "#ff9199",
    "--studio-bad-soft": "#3a191d",
    "--studio-shadow": "none",
  },
});
