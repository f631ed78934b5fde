import type { IssuanceRecord } from './issuer.ts';

/** An SVID that was issued and has not expired. */
export type IssuedRecord = Extract<IssuanceRecord, { readonly outcome: 'issued' }>;

/** How many records are added before those that have expired are thrown away. */
const SWEEP_EVERY = 1000;

const RENEWAL = /^svid ([0-9a-f]+)$/;

/**
 * Which SVIDs there are, by their serial numbers, and which of them took the place of which: whoever shows one to renew it
 * uses the new one from then on.
 */
export class CertificateBook {
  readonly #issued = new Map<string, IssuedRecord>();
  /** By serial number: that of the SVID that was issued in its place last. */
  readonly #successors = new Map<string, string>();
  #sinceSweep = 0;

  note(record: IssuanceRecord, nowMs: number): void {
    if (record.outcome !== 'issued' || record.expiresAtMs <= nowMs) return;
    this.#issued.set(record.serialNumber, record);
    const renewed = RENEWAL.exec(record.evidence)?.[1];
    if (renewed !== undefined) this.#successors.set(renewed, record.serialNumber);
    if (++this.#sinceSweep >= SWEEP_EVERY) this.#sweep(nowMs);
  }

  /**
   * The SVID that is used by now where `serialNumber` was used once.
   *
   * @returns undefined for one that is not known: of before what is remembered, or of another authority
   */
  latestOf(serialNumber: string): IssuedRecord | undefined {
    let serial = serialNumber;
    // Each one was issued after the one before, so this ends.
    for (let next = this.#successors.get(serial); next !== undefined; next = this.#successors.get(serial))
      serial = next;
    return this.#issued.get(serial);
  }

  /** All that nobody has replaced, those that expire first in front. */
  current(nowMs: number): readonly IssuedRecord[] {
    return [...this.#issued.values()]
      .filter(({ serialNumber, expiresAtMs }) => expiresAtMs > nowMs && !this.#successors.has(serialNumber))
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  }

  #sweep(nowMs: number): void {
    this.#sinceSweep = 0;
    for (const [serial, { expiresAtMs }] of this.#issued) if (expiresAtMs <= nowMs) this.#issued.delete(serial);
    // A chain is only followed from a certificate that a connection was made with, and those have not expired.
    for (const [serial, successor] of this.#successors)
      if (!this.#issued.has(successor)) this.#successors.delete(serial);
  }
}
