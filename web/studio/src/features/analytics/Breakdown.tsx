/** The figures by profile, site, browser, language or network; a row sets a filter. */

import { SegmentedControl, Text, UnstyledButton } from "@mantine/core";

import type { BreakdownRow } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { DownloadButton } from "../../ui/DownloadButton.tsx";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { useProfileNames } from "../profiles/queries.ts";
import classes from "./analytics.module.css";
import { type FigureName, nameOf, read } from "./figures.ts";
import { valueName } from "./names.ts";
import type { PartProps } from "./part.ts";
import { csvAddress, useBreakdown } from "./queries.ts";
import { DIMENSIONS, type Dimension } from "./search.ts";

const COLUMNS: readonly FigureName[] = [
  "loads",
  "taps",
  "accepted",
  "answerRate",
  "failed",
  "meanDuration",
  "meanScore",
  "meanRating",
];

export function Breakdown({ appId, search, asked, go }: PartProps) {
  const words = t.analytics.breakdown;
  const by = search.by ?? "page";
  const breakdown = useBreakdown(appId, asked, by);
  const profileName = useProfileNames(appId);
  const name = (value: string) => valueName(by, value, profileName);
  return (
    <Section
      flush
      title={`${words.title} ${words.dimensions[by].toLowerCase()}`}
      lead={words.lead}
      actions={
        <>
          <SegmentedControl
            size="xs"
            className={classes.spans}
            aria-label={words.dimension}
            value={by}
            onChange={(value) => go({ by: DIMENSIONS.find((one) => one === value) })}
            data={DIMENSIONS.map((value) => ({ value, label: words.dimensions[value] }))}
          />
          <Csv href={csvAddress(appId, "breakdown", { ...asked, by })} />
        </>
      }
    >
      <Loaded query={breakdown}>
        {({ rows, more }) => (
          <div className={classes.scrolled}>
            <DataTable
              label={words.dimensions[by]}
              rows={rows}
              rowKey={(row) => row.value}
              columns={columns(by, name, (value) =>
                go({ [by]: asked[by] === value ? undefined : value }),
              )}
              chosen={asked[by] ?? null}
              onOpen={(row) => go({ [by]: asked[by] === row.value ? undefined : row.value })}
            />
            {more && (
              <Text size="sm" c="dimmed" p="md">
                {words.more}
              </Text>
            )}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function columns(
  by: Dimension,
  name: (value: string) => string,
  choose: (value: string) => void,
): readonly Column<BreakdownRow>[] {
  const value: Column<BreakdownRow> = {
    id: "value",
    header: t.analytics.breakdown.dimensions[by],
    title: true,
    cell: (row) => (
      <UnstyledButton className={`${ui.rowLink} foreign`} onClick={() => choose(row.value)}>
        {name(row.value)}
      </UnstyledButton>
    ),
  };
  return [
    value,
    ...COLUMNS.map((figure) => ({
      id: figure,
      header: nameOf(figure),
      end: true,
      cell: (row: BreakdownRow) => read(row, figure),
    })),
  ];
}

export function Csv({ href }: { readonly href: string }) {
  return (
    <DownloadButton href={href} aria-label={t.analytics.series.csvOf}>
      {t.analytics.series.csv}
    </DownloadButton>
  );
}
