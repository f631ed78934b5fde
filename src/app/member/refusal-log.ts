import type { ResourceType } from '#xds/resource-type.ts';
import type { Rejection } from '#xds/rejection.ts';

/** A control plane that sends nonsense does so again and again. */
const PAUSE_MS = 10_000;

/** Tells an operator what a proxy cannot use of what its control plane sends; not each of it, where there is much. */
export class RefusalLog {
  readonly #warn: (message: string) => void;
  readonly #nowMs: () => number;
  #toldAtMs = -Infinity;
  #untold = 0;

  /** @param nowMs monotonic milliseconds */
  constructor(warn: (message: string) => void, nowMs: () => number) {
    this.#warn = warn;
    this.#nowMs = nowMs;
  }

  note(type: ResourceType, refused: readonly Rejection[]): void {
    const [first] = refused;
    if (first === undefined) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#toldAtMs < PAUSE_MS) {
      this.#untold += refused.length;
      return;
    }
    const others = this.#untold + refused.length - 1;
    const more = others === 0 ? '' : `, and ${others} more`;
    this.#warn(
      `cannot use ${type} ${first.name}${more} of the control plane: ${first.reason} (what was known before stays in use)`,
    );
    this.#toldAtMs = nowMs;
    this.#untold = 0;
  }
}
