/*
 * The field `grpc-timeout`: at most eight digits and a unit.
 * @see gRPC over HTTP/2, Requests: TimeoutValue, TimeoutUnit
 */

const MS_PER_UNIT: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1000, M: 60_000, H: 3_600_000 };
const MOST_DIGITS = 8;
const MOST = 99_999_999;

/** @returns milliseconds, with fractions; undefined where `text` is no timeout */
export function parseGrpcTimeout(text: string): number | undefined {
  const digits = text.length - 1;
  if (digits < 1 || digits > MOST_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  const unit = MS_PER_UNIT[text[digits]!];
  return unit === undefined ? undefined : value * unit;
}

/** In the finest unit that the digits suffice for, rounded down: nobody may believe to have more time than there is. */
export function encodeGrpcTimeout(timeoutMs: number): string {
  const ms = Math.max(0, timeoutMs);
  const us = Math.floor(ms * 1000);
  if (us <= MOST) return `${us}u`;
  if (ms <= MOST) return `${Math.floor(ms)}m`;
  const seconds = Math.floor(ms / 1000);
  return seconds <= MOST ? `${seconds}S` : `${Math.min(MOST, Math.floor(seconds / 3600))}H`;
}
