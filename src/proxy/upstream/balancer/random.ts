import type { Balancer, Target } from './target.ts';
import { WeightedChoice } from './weighted-choice.ts';

/** Any endpoint, in proportion to its weight. */
export class Random<T extends Target> implements Balancer<T> {
  readonly #choice = new WeightedChoice<T>();

  update(targets: readonly T[]): void {
    this.#choice.update(targets);
  }

  choose(excluded: T | null): T | null {
    return this.#choice.targets.length === 0 ? null : this.#choice.drawOther(excluded);
  }
}
