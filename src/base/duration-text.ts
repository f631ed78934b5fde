const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** Two units say enough of what is shorter than this many of the larger one. */
const FEW = 10;

/**
 * Writes a duration as people say it: `0 s`, `45 s`, `3 m 20 s`, `11 h`, `2 d 4 h`, `30 d`. What is left over is dropped.
 *
 * @param ms negative ones count as none
 */
export function durationText(ms: number): string {
  const at = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  if (at === -1) return '0 s';
  const [name, unitMs] = UNITS[at]!;
  const whole = Math.floor(ms / unitMs);
  const [finerName, finerMs] = UNITS[at + 1] ?? ['', 0];
  const finer = finerMs === 0 || whole >= FEW ? 0 : Math.floor((ms % unitMs) / finerMs);
  return finer === 0 ? `${whole} ${name}` : `${whole} ${name} ${finer} ${finerName}`;
}
