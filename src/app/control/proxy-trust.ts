import type { CertificateBook } from '#control/authority/certificate-book.ts';
import type { ProxyTrust } from '#control/authority/root-exchange.ts';
import type { ProxyStatus } from '#xds/server/proxy-status.ts';
import type { ControlPlane } from './control-plane.ts';

/** What each proxy has of roots and certificates. Workloads count until they are forgotten: they may be back in a moment. */
export function proxyTrust({ proxies, workloads }: ControlPlane, book: CertificateBook): readonly ProxyTrust[] {
  const connected = proxies.map((proxy) => ({
    id: proxy.node.id,
    knowsBundle: knowsBundle(proxy),
    issuerKeyId: book.latestOf(proxy.credential)?.issuerKeyId,
  }));
  const leaving = workloads
    .filter((workload) => !workload.connected)
    .map(({ workload: { id } }) => ({ id, knowsBundle: false, issuerKeyId: undefined }));
  return [...connected, ...leaving];
}

/** Whether a proxy has taken all that it was to be told of roots. */
function knowsBundle({ types }: ProxyStatus): boolean {
  const told = types.find(({ type }) => type === 'trust-bundle');
  return told !== undefined && told.pending + told.unanswered + told.refusals.length === 0;
}
