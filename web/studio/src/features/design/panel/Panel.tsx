/** What has no place on the canvas: the block that is chosen, the theme, languages, the widget's words. */

import { Tabs } from "@mantine/core";
import { lazy, Suspense } from "react";

import { t } from "../../../texts/index.ts";
import { Loading } from "../../../ui/states.tsx";
import type { Scheme } from "../core/colors.ts";
import classes from "../designer.module.css";
import { TABS, type Tab } from "../search.ts";
import { BlockPanel } from "./BlockPanel.tsx";

// Each is opened now and then.
const ThemePanel = lazy(() => import("./ThemePanel.tsx"));
const LanguagesPanel = lazy(() => import("./LanguagesPanel.tsx"));
const WordsPanel = lazy(() => import("./WordsPanel.tsx"));

interface PanelProps {
  readonly tab: Tab;
  readonly scheme: Scheme;
  readonly selected: string | null;
  readonly onTab: (tab: Tab) => void;
}

export function Panel({ tab, scheme, selected, onTab }: PanelProps) {
  return (
    <section className={`surface ${classes.panel}`} aria-label={t.design.panel.label}>
      <Tabs
        value={tab}
        onChange={(value) => onTab(TABS.find((one) => one === value) ?? "block")}
        keepMounted={false}
      >
        <Tabs.List grow mb="md">
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one} px={6}>
              {t.design.panel.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="block">
          <BlockPanel selected={selected} />
        </Tabs.Panel>
        <Suspense fallback={<Loading />}>
          <Tabs.Panel value="theme">
            <ThemePanel scheme={scheme} />
          </Tabs.Panel>
          <Tabs.Panel value="languages">
            <LanguagesPanel />
          </Tabs.Panel>
          <Tabs.Panel value="words">
            <WordsPanel />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </section>
  );
}
