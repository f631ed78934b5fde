import { setFlagsFromString } from 'node:v8';

/** What the launcher has held back for the time of the start. */
const USUAL_FLAGS = ['--turbofan', '--maglev', '--semi-space-growth-factor=2'];

/**
 * What is done often is made fast from here on. To be called once the process serves, and before it starts worker threads,
 * which have to begin as they go on.
 */
export function endFrugalStart(): void {
  for (const flag of USUAL_FLAGS) setFlagsFromString(flag);
}
