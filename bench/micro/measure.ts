// The harness of the micro benchmarks: how long one call of a function takes.

/** How long one call takes, in ns, over several samples. */
export interface Timing {
  readonly name: string;
  readonly medianNs: number;
  readonly leastNs: number;
  readonly greatestNs: number;
}

/** Options of {@link measure}. */
export interface MeasureOptions {
  /** Length of one sample in ms. @defaultValue 50 */
  readonly sampleMs?: number;
  /** How many samples count. @defaultValue 11 */
  readonly samples?: number;
}

/** What the measured calls returned last. Exported so that the compiler cannot prove the calls useless and drop them. */
export let sink: unknown;

/**
 * Times a synchronous function: warms it up until it is compiled, then takes samples of many calls each.
 *
 * @param name - shown with the result.
 * @param run - one call. It should return something that depends on its work.
 */
export function measure(name: string, run: () => unknown, options: MeasureOptions = {}): Timing {
  const { sampleMs = 50, samples = 11 } = options;
  const calls = calibrate(run, sampleMs);
  const perCallNs = Array.from({ length: samples }, () => (timeMs(run, calls) * 1e6) / calls).toSorted((a, b) => a - b);
  return {
    name,
    medianNs: perCallNs[samples >> 1] ?? Number.NaN,
    leastNs: perCallNs[0] ?? Number.NaN,
    greatestNs: perCallNs.at(-1) ?? Number.NaN,
  };
}

/** Measures several functions and prints a line for each. @returns their timings. */
export function measureAll(functions: Readonly<Record<string, () => unknown>>, options: MeasureOptions = {}): Timing[] {
  return Object.entries(functions).map(([name, run]) => {
    const timing = measure(name, run, options);
    process.stdout.write(`${formatTiming(timing)}\n`);
    return timing;
  });
}

/** Writes a timing as one line. */
export function formatTiming({ name, medianNs, leastNs, greatestNs }: Timing): string {
  const spread = `${leastNs.toFixed(1)} to ${greatestNs.toFixed(1)}`;
  return `${name.padEnd(40)} ${medianNs.toFixed(1).padStart(10)} ns  (${spread})`;
}

// Doubles the calls until they fill a sample; what runs meanwhile is the warm-up.
function calibrate(run: () => unknown, sampleMs: number): number {
  let calls = 1;
  let tookMs = timeMs(run, calls);
  while (tookMs < sampleMs) {
    calls *= 2;
    tookMs = timeMs(run, calls);
  }
  return Math.max(1, Math.round((calls * sampleMs) / tookMs));
}

function timeMs(run: () => unknown, calls: number): number {
  let last: unknown;
  const startedMs = performance.now();
  for (let call = 0; call < calls; call++) last = run();
  const tookMs = performance.now() - startedMs;
  sink = last;
  return tookMs;
}
