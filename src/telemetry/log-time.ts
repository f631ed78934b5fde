import { inOnePiece } from './log-text.ts';

/**
 * Turns times of the monotonic clock into RFC 3339 text, nearly always by looking up both halves.
 *
 * The two clocks are compared again each second, because the wall clock is set now and then, and a machine that slept
 * has a monotonic clock that did not go on.
 */
export class LogTime {
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  #offsetMs = 0;
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  #second = Number.NaN;
  #secondText = '';
  /** What follows the second in RFC 3339 with milliseconds. */
  readonly #milliseconds: readonly string[];
  readonly #prefix: string;

  /** @param options `prefix`, `suffix`: what always stands around the time */
  constructor(
    options: { readonly prefix?: string; readonly suffix?: string } = {},
    wallMs: () => number = () => Date.now(),
    monotonicMs: () => number = () => performance.now(),
  ) {
    this.#prefix = options.prefix ?? '';
    this.#milliseconds = Array.from({ length: 1000 }, (_, i) =>
      inOnePiece(`.${String(i).padStart(3, '0')}Z${options.suffix ?? ''}`),
    );
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * @param atMs of the monotonic clock
   * @param nowMs the same clock, at any later time of this second: saves asking for it
   * @returns such as `2026-03-01T12:00:00.000Z`
   */
  text(atMs: number, nowMs: number): string {
    if (nowMs - this.#comparedAtMs >= 1000) this.#compare();
    const wallMs = Math.floor(atMs + this.#offsetMs);
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = inOnePiece(this.#prefix + new Date(second * 1000).toISOString().slice(0, -5));
    }
    return this.#secondText + this.#milliseconds[wallMs - second * 1000]!;
  }

  #compare(): void {
    const nowMs = this.#monotonicMs();
    this.#offsetMs = this.#wallMs() - nowMs;
    this.#comparedAtMs = nowMs;
  }
}
