/** What differs between two documents: a list by screen, or the documents themselves side by side. */

import { Loader, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { lazy, Suspense, useState } from "react";

import { t } from "../../../texts/index.ts";
import { type Difference, differences, type Screen } from "../core/diff.ts";
import type { Design } from "../core/document.ts";
import { kindName } from "../names.ts";
import classes from "./publish.module.css";

const RawDiff = lazy(() => import("./RawDiff.tsx"));

const NAMES: Readonly<Record<Screen, string>> = {
  ...t.design.states,
  theme: t.design.diff.theme,
  languages: t.design.diff.languages,
  texts: t.design.diff.texts,
};

export function DiffView({ before, after }: { readonly before: Design; readonly after: Design }) {
  const [isRaw, setRaw] = useState(false);
  const words = t.design.diff;
  const all = differences(before, after);
  if (all.length === 0) return <Text c="dimmed">{words.nothing}</Text>;
  const screens = [...new Set(all.map(({ screen }) => screen))];
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        value={isRaw ? "raw" : "list"}
        onChange={(value) => setRaw(value === "raw")}
        data={[
          { value: "list", label: words.list },
          { value: "raw", label: words.raw },
        ]}
      />
      {isRaw ? (
        <Suspense fallback={<Loader size="sm" />}>
          <RawDiff before={before} after={after} />
        </Suspense>
      ) : (
        screens.map((screen) => (
          <section key={screen} aria-label={NAMES[screen]}>
            <Title order={3} mb={4}>
              {NAMES[screen]}
            </Title>
            <ul className={classes.changes}>
              {all
                .filter((one) => one.screen === screen)
                .map((one) => (
                  <Change key={`${one.what} ${one.block?.id ?? ""} ${one.part}`} of={one} />
                ))}
            </ul>
          </section>
        ))
      )}
    </Stack>
  );
}

function Change({ of: { what, block, part, before, after } }: { readonly of: Difference }) {
  const words = t.design.diff;
  const name = [...(block === null ? [] : [kindName(block.type)]), part]
    .filter(Boolean)
    .join(" · ");
  const hasValues = what === "changed" || block === null;
  return (
    <li>
      <span className={classes.what} data-what={what}>
        {words[what]}
      </span>{" "}
      <span className="foreign">{name === "" ? words.order : name}</span>
      {hasValues && before !== null && after !== null && (
        <div className={classes.values}>
          {before !== undefined && <del className="foreign">{shown(before)}</del>}
          {after !== undefined && <ins className="foreign">{shown(after)}</ins>}
        </div>
      )}
    </li>
  );
}

const MOST = 300;

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}
