import { condition, conditionOf, type Condition, type Problem } from '../../status.ts';

/**
 * Says whether a policy works: for all of its targets, for some, or for none.
 *
 * @param faults of the policy by itself
 * @param misses of those targets that it does not work for
 */
export function acceptanceOf(
  { metadata, spec }: { readonly metadata: { readonly generation?: number }; readonly spec: Targeting },
  faults: readonly Problem[],
  misses: readonly Problem[],
): Condition {
  if (faults.length > 0 || misses.length === spec.targetRefs.length)
    return conditionOf('Accepted', [...faults, ...misses], metadata);
  const message = misses.map((miss) => miss.message).join('; ');
  return condition('Accepted', 'True', { reason: 'Accepted', message }, metadata);
}

interface Targeting {
  readonly targetRefs: readonly unknown[];
}
