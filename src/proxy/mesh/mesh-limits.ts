import { HeldBudget } from '#codec/http2/held-budget.ts';
import { DEFAULT_DOWNSTREAM_LIMITS, type DownstreamLimits } from '../downstream/limits.ts';

/**
 * Octets that the paused streams of all callers may hold here before they stop the connections that they are on: 32 MiB,
 * which is 128 streams that fill their windows.
 */
const HELD_BYTES = 32 * 1024 * 1024;

/** What a caller may take: as at the edge, except that one connection has the streams of a whole workload. */
export const createMeshLimits = (): DownstreamLimits =>
  Object.freeze({
    ...DEFAULT_DOWNSTREAM_LIMITS,
    http2: Object.freeze({ ...DEFAULT_DOWNSTREAM_LIMITS.http2, heldBudget: new HeldBudget(HELD_BYTES) }),
  });
