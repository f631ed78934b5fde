/** The shape of a Gateway API duration: one to four parts such as `1h`, `30s`, `1m500ms` (GEP-2257). */
export const durationPattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

const msPerUnit: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * Reads a Gateway API duration. Parts add up, in whatever order they stand.
 *
 * @param text a field that was validated as a duration
 * @returns milliseconds; 0 where the text says so, which most fields read as "no limit"
 * @throws RangeError when the text is no duration, which no validated field holds
 * @see https://gateway-api.sigs.k8s.io/geps/gep-2257/
 */
export function parseDurationMs(text: string): number {
  if (!durationPattern.test(text)) {
    throw new RangeError(`cannot read ${JSON.stringify(text)} as a duration: write it like 500ms, 10s or 1h30m`);
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    totalMs += Number(count) * (msPerUnit[unit ?? ''] ?? 0);
  }
  return totalMs;
}
