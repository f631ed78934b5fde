import { sameWeights, type Target } from './target.ts';

/** Draws targets at random, in proportion to their weights. */
export class WeightedChoice<T extends Target> {
  #targets: readonly T[] = [];
  /** Running totals of the weights; empty where all weigh the same. */
  #totals: number[] = [];

  get targets(): readonly T[] {
    return this.#targets;
  }

  update(targets: readonly T[]): void {
    this.#targets = targets;
    this.#totals = [];
    if (sameWeights(targets)) return;
    let total = 0;
    for (const target of targets) this.#totals.push((total += target.weight));
  }

  /** @returns any one; only with at least one target */
  draw(): T {
    const targets = this.#targets;
    const totals = this.#totals;
    if (totals.length === 0) return targets[(Math.random() * targets.length) | 0]!;
    const point = Math.random() * totals[totals.length - 1]!;
    let low = 0;
    let high = totals.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (totals[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return targets[low]!;
  }

  /** @returns any one but `excluded`, unless there is no other */
  drawOther(excluded: T | null): T {
    const first = this.draw();
    if (first !== excluded || this.#targets.length === 1) return first;
    // A few draws find another nearly always; the neighbour ends what chance does not.
    for (let i = 0; i < 8; i++) {
      const next = this.draw();
      if (next !== excluded) return next;
    }
    return this.#targets[(this.#targets.indexOf(first) + 1) % this.#targets.length]!;
  }
}
