/**
 * One turn is what happens between two calls from the event loop: bytes arrive, are parsed, routed and written on.
 * Connections written to during a turn send when it ends, so that a head and its content, or the frames of many
 * streams, leave in one system call.
 */
export interface Flushable {
  flush(): void;
}

let enrolled: Flushable[] = [];
let spare: Flushable[] = [];
let running = false;
let scheduled = false;

/** Has `target` flushed at the end of this turn, or of the current tick where no turn runs. Call once per flush. */
export const enroll = (target: Flushable): void => {
  enrolled.push(target);
  if (running || scheduled) return;
  scheduled = true;
  process.nextTick(flushScheduled);
};

/** Must be called first in every callback from the event loop that may write. @returns what {@link endTurn} takes */
export const beginTurn = (): boolean => {
  const outermost = !running;
  running = true;
  return outermost;
};

/** Must be called last, with what {@link beginTurn} returned. */
export const endTurn = (outermost: boolean): void => {
  if (!outermost) return;
  running = false;
  if (enrolled.length > 0) flushEnrolled();
};

const flushScheduled = (): void => {
  scheduled = false;
  flushEnrolled();
};

const flushEnrolled = (): void => {
  while (enrolled.length > 0) {
    const targets = enrolled;
    enrolled = spare;
    for (let i = 0; i < targets.length; i++) targets[i]!.flush();
    targets.length = 0;
    spare = targets;
  }
};
