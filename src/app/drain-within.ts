import type { DataPlane } from './data-plane.ts';

/** How a drain ended. */
export type DrainOutcome = 'finished' | 'timeout' | 'interrupted';

/** Lets open requests finish. @param interrupted resolves where nobody wants to wait any longer */
export async function drainWithin(
  dataPlane: DataPlane,
  timeoutMs: number,
  interrupted: Promise<void>,
): Promise<DrainOutcome> {
  const timeout = Promise.withResolvers<'timeout'>();
  const timer = setTimeout(() => timeout.resolve('timeout'), timeoutMs);
  const finished = dataPlane.drain().then(() => 'finished' as const);
  const outcome = await Promise.race([finished, timeout.promise, interrupted.then(() => 'interrupted' as const)]);
  clearTimeout(timer);
  return outcome;
}
