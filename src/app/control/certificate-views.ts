import type { CertificateBook } from '#control/authority/certificate-book.ts';
import type { ControlPlane } from './control-plane.ts';

/** A row of `selvage get certificates`: an SVID that nobody has renewed yet. */
export interface CertificateView {
  readonly identity: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since 1970. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** What its owner has proved its identity with: the id of a join token, or the serial number of the SVID before. */
  readonly evidence: string;
  /** Key identifier of the authority that signed it; hexadecimal. */
  readonly issuerKeyId: string;
  /** Ids of the connected proxies that use it. */
  readonly proxies: readonly string[];
}

/** SVIDs that are valid and were not replaced, those of proxies that are gone among them. */
export function certificateViews(
  { proxies }: ControlPlane,
  book: CertificateBook,
  nowMs: number,
): readonly CertificateView[] {
  const holders = Map.groupBy(proxies, ({ credential }) => book.latestOf(credential)?.serialNumber);
  return book.current(nowMs).map(({ spiffeId, serialNumber, timeMs, expiresAtMs, evidence, issuerKeyId }) => ({
    identity: spiffeId,
    serialNumber,
    issuedAtMs: timeMs,
    expiresAtMs,
    evidence,
    issuerKeyId,
    proxies: (holders.get(serialNumber) ?? []).map(({ node }) => node.id),
  }));
}
