import type { CertificateBook } from '#control/authority/certificate-book.ts';
import type { ProxyStatus, TypeStatus } from '#xds/server/proxy-status.ts';

/** Whether a proxy has what it was to have. `refused`: some of it it cannot use. */
export type Sync = 'synced' | 'pending' | 'refused' | 'away';

/** A row of `selvage get proxies`: a proxy that is connected now. */
export interface ProxyView {
  readonly id: string;
  /** SPIFFE id. */
  readonly principal: string;
  /** Of Selvage. */
  readonly version: string;
  readonly zone: string;
  /** When it has connected, milliseconds since 1970. */
  readonly connectedAtMs: number;
  readonly sync: Sync;
  /** Of its SVID; null where it is not known. */
  readonly certificate: { readonly serialNumber: string; readonly expiresAtMs: number } | null;
  readonly types: readonly TypeStatus[];
}

export function proxyViews(proxies: readonly ProxyStatus[], book: CertificateBook): readonly ProxyView[] {
  return proxies.map((proxy) => {
    const { node, principal, sinceMs, credential, types } = proxy;
    const issued = book.latestOf(credential);
    return {
      id: node.id,
      principal,
      version: node.version,
      zone: node.zone,
      connectedAtMs: sinceMs,
      sync: syncOf(proxy),
      certificate: issued === undefined ? null : { serialNumber: issued.serialNumber, expiresAtMs: issued.expiresAtMs },
      types,
    };
  });
}

/** @param proxy undefined where it is not connected */
export function syncOf(proxy: ProxyStatus | undefined): Sync {
  if (proxy === undefined) return 'away';
  if (proxy.types.some(({ refusals }) => refusals.length > 0)) return 'refused';
  return proxy.types.some(({ pending, unanswered }) => pending + unanswered > 0) ? 'pending' : 'synced';
}
