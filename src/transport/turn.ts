/*
 * One turn is what happens between two calls from the event loop: bytes arrive, are parsed, routed and written on.
 * Connections written to during a turn send when it ends, so that a head and its content, or the frames of many
 * streams, leave in one system call. A turn is short, so it reads the clock once.
 */

export interface Flushable {
  flush(): void;
}

/** Filled up to `enrolledCount` and reused: emptying an array by its length would cost more than the flush. */
const enrolled: (Flushable | null)[] = [];
let enrolledCount = 0;
let running = false;
let scheduled = false;
/** When the turn began, or 0 where nobody has asked yet. */
let turnStartMs = 0;

/** Has `target` flushed at the end of this turn, or of the current tick where no turn runs. Call once per flush. */
export const enroll = (target: Flushable): void => {
  enrolled[enrolledCount++] = target;
  if (running || scheduled) return;
  scheduled = true;
  process.nextTick(flushScheduled);
};

/** Must be called first in every callback from the event loop that may write. @returns what {@link endTurn} takes */
export const beginTurn = (): boolean => {
  if (running) return false;
  running = true;
  turnStartMs = 0;
  return true;
};

/** Must be called last, with what {@link beginTurn} returned. */
export const endTurn = (outermost: boolean): void => {
  if (!outermost) return;
  if (enrolledCount > 0) flushEnrolled();
  running = false;
};

/** Monotonic milliseconds, the same throughout a turn. */
export const turnNow = (): number => {
  if (!running) return performance.now();
  if (turnStartMs === 0) turnStartMs = performance.now();
  return turnStartMs;
};

const flushScheduled = (): void => {
  scheduled = false;
  flushEnrolled();
};

const flushEnrolled = (): void => {
  // A flush may enroll others, behind.
  for (let i = 0; i < enrolledCount; i++) {
    const target = enrolled[i]!;
    enrolled[i] = null;
    target.flush();
  }
  enrolledCount = 0;
};

/** As {@link enrolled}, for those that wait for the turns of other connections. */
let gathering: Flushable[] = [];
let gathered: Flushable[] = [];

/**
 * Has `target` flushed when all connections that are readable now have had their turn: for connections that many others
 * share, so that what all of them have to say leaves in one write. Call once per flush.
 */
export const enrollForTick = (target: Flushable): void => {
  gathering.push(target);
  if (gathering.length === 1) setImmediate(flushTick);
};

const flushTick = (): void => {
  const targets = gathering;
  gathering = gathered;
  gathered = targets;
  const outermost = beginTurn();
  for (const target of targets) target.flush();
  endTurn(outermost);
  targets.length = 0;
};
