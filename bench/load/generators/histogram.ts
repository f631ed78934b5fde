// A histogram of latencies with bounded relative error.

/** Values below this many are counted exactly; above, each power of two has half as many buckets. */
const SUB_BUCKETS = 256;
const HALF = SUB_BUCKETS / 2;
/** Covers values to 2^37 ns, about 137 s. */
const DOUBLINGS = 30;

/**
 * Counts whole, non-negative values (ns) in buckets that grow with the value: 128 per power of two, so that a quantile
 * is at most 0.8 % above the value it stands for. Recording allocates nothing.
 */
export class Histogram {
  readonly #counts = new Float64Array(SUB_BUCKETS + DOUBLINGS * HALF);
  #total = 0;
  #greatest = 0;

  /** How many values were recorded. */
  get total(): number {
    return this.#total;
  }

  /** The greatest value, exactly. */
  get greatest(): number {
    return this.#greatest;
  }

  /** Counts one value; negative ones count as 0, those beyond the last bucket in the last bucket. */
  record(value: number): void {
    const whole = value > 0 ? Math.floor(value) : 0;
    const index = Math.min(bucketOf(whole), this.#counts.length - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
    if (whole > this.#greatest) this.#greatest = whole;
  }

  /**
   * @param share - between 0 and 1; 0.99 is the 99th percentile.
   * @returns the highest value of the bucket in which that share of all values is reached; `NaN` while empty.
   */
  quantile(share: number): number {
    if (this.#total === 0) return Number.NaN;
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(highestOf(index), this.#greatest);
    }
    return this.#greatest;
  }
}

function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  // How often the value must be halved to fall into [128, 256).
  const halvings = Math.floor(Math.log2(value)) - Math.log2(HALF);
  return halvings * HALF + Math.floor(value / 2 ** halvings);
}

function highestOf(index: number): number {
  if (index < SUB_BUCKETS) return index;
  const halvings = Math.floor(index / HALF) - 1;
  const within = index - halvings * HALF;
  return (within + 1) * 2 ** halvings - 1;
}
