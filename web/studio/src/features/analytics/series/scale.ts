/** Where values lie on a chart. */

/** A round number that is no less, and at most two and a half times as much. */
export function roundTop(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= most * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Values with nothing between them, as runs of places: a line breaks where nothing was measured. */
export function runs(values: readonly (number | null)[]): readonly (readonly number[])[] {
  const found: number[][] = [];
  let open: number[] | null = null;
  for (const [place, value] of values.entries()) {
    if (value === null) {
      open = null;
    } else if (open === null) {
      open = [place];
      found.push(open);
    } else {
      open.push(place);
    }
  }
  return found;
}

/** Places for the words of an axis: the first, the last, and some between, none too near another. */
export function ticks(count: number, most: number): readonly number[] {
  if (count <= 0) return [];
  const shown = Math.min(count, most);
  if (shown === 1) return [0];
  return Array.from({ length: shown }, (_, tick) => Math.round((tick * (count - 1)) / (shown - 1)));
}
