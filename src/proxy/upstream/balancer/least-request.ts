import type { Balancer, Target } from './target.ts';
import { WeightedChoice } from './weighted-choice.ts';

/**
 * The less busy of two endpoints drawn at random ("power of two choices", Mitzenmacher 1996): nearly as even as looking
 * at all of them, without every proxy running after the same idle one.
 */
export class LeastRequest<T extends Target> implements Balancer<T> {
  readonly #choice = new WeightedChoice<T>();

  update(targets: readonly T[]): void {
    this.#choice.update(targets);
  }

  choose(excluded: T | null): T | null {
    const targets = this.#choice.targets;
    if (targets.length === 0) return null;
    if (targets.length === 1) return targets[0]!;
    const first = this.#choice.drawOther(excluded);
    const second = targets.length === 2 && excluded !== null ? first : this.#other(first, excluded);
    // Weights are in the draw already: here the busier of the two loses.
    return second.activeRequests < first.activeRequests ? second : first;
  }

  #other(first: T, excluded: T | null): T {
    const second = this.#choice.drawOther(first);
    return second === excluded ? first : second;
  }
}
