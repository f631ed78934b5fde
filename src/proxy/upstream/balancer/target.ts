/** What balancing looks at. */
export interface Target {
  /** ≥ 1, relative to the others. */
  readonly weight: number;
  /** Requests under way. */
  readonly activeRequests: number;
}

/** Chooses one of several endpoints for the next request. */
export interface Balancer<T extends Target> {
  /** Hears of the endpoints to choose from, whenever they change. The array is not changed later. */
  update(targets: readonly T[]): void;
  /**
   * @param excluded an endpoint that just failed: chosen only if there is no other
   * @returns null where there is none at all
   */
  choose(excluded: T | null): T | null;
}

/** Whether all targets weigh the same, which lets the common case go without arithmetic. */
export const sameWeights = (targets: readonly Target[]): boolean =>
  targets.every((target) => target.weight === targets[0]!.weight);
