/** So many at once, as when a machine with an old token restarts again and again. */
const BURST = 60;
const PER_SECOND = 1;

/**
 * How many refusals are written down: anybody who reaches the port causes them, and would else fill the disk and hide in
 * the crowd.
 */
export class RefusalBudget {
  #left = BURST;
  #refilledAtMs = 0;
  #omitted = 0;

  /**
   * @param nowMs since 1970
   * @returns the reason, with how many were left out since the last; undefined where this one is to be left out
   */
  tell(reason: string, nowMs: number): string | undefined {
    const earned = Math.max(0, ((nowMs - this.#refilledAtMs) * PER_SECOND) / 1000);
    this.#left = Math.min(BURST, this.#left + earned);
    this.#refilledAtMs = nowMs;
    if (this.#left < 1) {
      this.#omitted++;
      return undefined;
    }
    this.#left--;
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted === 0 ? reason : `${reason} (and ${omitted} more since the last that is told)`;
  }
}
