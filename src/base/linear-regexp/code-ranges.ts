/**
 * A set of UTF-16 code units as flat, sorted, disjoint pairs `[low, high, low, high, …]`, both ends included.
 *
 * Code units and not code points: what a proxy matches (paths, field values) are latin1 strings of bytes.
 */
export type CodeRanges = readonly number[];

/** The highest code unit. */
export const MAX_CODE = 0xffff;

/** Sorts pairs and merges those that overlap or touch. */
export function mergeRanges(pairs: CodeRanges): CodeRanges {
  const merged: number[] = [];
  for (const [low, high] of sortedPairs(pairs)) {
    const lastHigh = merged.at(-1);
    if (lastHigh === undefined || low > lastHigh + 1) merged.push(low, high);
    else if (high > lastHigh) merged[merged.length - 1] = high;
  }
  return merged;
}

/** Every code unit that is not in `ranges`. */
export function invertRanges(ranges: CodeRanges): CodeRanges {
  const inverted: number[] = [];
  let from = 0;
  for (const [low, high] of sortedPairs(mergeRanges(ranges))) {
    if (low > from) inverted.push(from, low - 1);
    from = high + 1;
  }
  if (from <= MAX_CODE) inverted.push(from, MAX_CODE);
  return inverted;
}

/** Adds the other case of every ASCII letter: `(?i)` folds ASCII only, as the matched protocol elements do. */
export function foldCase(ranges: CodeRanges): CodeRanges {
  const folded = [...ranges];
  for (const [low, high] of sortedPairs(ranges)) {
    pushShifted(folded, Math.max(low, 0x41), Math.min(high, 0x5a), 0x20);
    pushShifted(folded, Math.max(low, 0x61), Math.min(high, 0x7a), -0x20);
  }
  return mergeRanges(folded);
}

function pushShifted(into: number[], low: number, high: number, by: number): void {
  if (low <= high) into.push(low + by, high + by);
}

function sortedPairs(pairs: CodeRanges): [number, number][] {
  const list: [number, number][] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) list.push([pairs[i] ?? 0, pairs[i + 1] ?? 0]);
  return list.sort((a, b) => a[0] - b[0]);
}
