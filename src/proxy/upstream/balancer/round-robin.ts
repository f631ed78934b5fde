import type { Balancer, Target } from './target.ts';

/**
 * One after the other. With weights, smoothly: a heavy endpoint's turns are spread between those of the others (each
 * pick adds every weight to its endpoint's credit, takes the highest and charges it the total).
 */
export class RoundRobin<T extends Target> implements Balancer<T> {
  #targets: readonly T[] = [];
  #credits: number[] = [];
  #total = 0;

  update(targets: readonly T[]): void {
    const before = new Map(this.#targets.map((target, index) => [target, this.#credits[index]!]));
    this.#targets = targets;
    // Credits are kept over a change, or frequent changes would always favour the first.
    this.#credits = targets.map((target) => before.get(target) ?? 0);
    this.#total = targets.reduce((total, target) => total + target.weight, 0);
  }

  choose(excluded: T | null): T | null {
    return this.#turn(this.#targets.length > 1 ? excluded : null);
  }

  #turn(excluded: T | null): T | null {
    const credits = this.#credits;
    let best = -1;
    for (let i = 0; i < credits.length; i++) {
      credits[i]! += this.#targets[i]!.weight;
      if (this.#targets[i] !== excluded && (best === -1 || credits[i]! > credits[best]!)) best = i;
    }
    if (best === -1) return null;
    credits[best]! -= this.#total;
    return this.#targets[best]!;
  }
}
