// Medians, spreads and paired ratios of what the rounds measured.

/** The middle of several measurements, with the least and the greatest of them. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** @returns the middle value, or the mean of the two middle ones; `NaN` of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Summarises the rounds of one cell. */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) };
}

/** @returns the distance between least and greatest, as a share of the median. */
export function relativeSpread(summary: Summary): number {
  return (summary.greatest - summary.least) / summary.median;
}

/**
 * Summarises `ours / theirs` round by round.
 *
 * The two values of one round were measured within seconds of each other, so whatever slowed the machine then slowed
 * both: their ratio holds where the ratio of two medians would mix a quiet round of one with a busy round of the other.
 * Rounds that only one side has are left out.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): Summary {
  const ratios: number[] = [];
  for (const [round, ourValue] of ours.entries()) {
    const theirValue = theirs[round];
    if (theirValue !== undefined) ratios.push(ourValue / theirValue);
  }
  return summarize(ratios);
}
