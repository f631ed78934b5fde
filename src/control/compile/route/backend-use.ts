import type { BackendUse } from '../backend/backends.ts';
import type { PlacedGateway } from '../gateway/placement.ts';
import { compareText } from '../inventory.ts';
import type { Attachment } from './attachment.ts';
import type { RouteKind } from './route-kinds.ts';

/** Tells what a route sends to its backends from one listener. */
export function useOf(kind: RouteKind, { listener }: Attachment, { clientCertificate }: PlacedGateway): BackendUse {
  const secret = clientCertificate === null ? null : secretNameOf(clientCertificate.name);
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute') return { ...usualUse(kind), clientCertificate: secret };
  const payload = listener.decrypts ? 'clear' : listener.protocol === 'TLS' ? 'sealed' : 'opaque';
  return { speaks: 'bytes', payload, clientCertificate: payload === 'sealed' ? null : secret };
}

/** How a route that no listener takes is judged. */
export function usualUse(kind: RouteKind): BackendUse {
  switch (kind) {
    case 'HTTPRoute':
      return { speaks: 'http', payload: 'clear', clientCertificate: null };
    case 'GRPCRoute':
      return { speaks: 'grpc', payload: 'clear', clientCertificate: null };
    case 'TLSRoute':
      return { speaks: 'bytes', payload: 'sealed', clientCertificate: null };
    case 'TCPRoute':
      return { speaks: 'bytes', payload: 'opaque', clientCertificate: null };
  }
}

/** A name of a certificate resource is `Secret/<namespace>/<name>`. */
function secretNameOf(certificate: string): BackendUse['clientCertificate'] {
  const [, namespace = '', name = ''] = certificate.split('/');
  return { namespace, name };
}

/** What tells the uses of one route apart: as in `clear#Secret/shop/client`; HTTP is always clear, which goes unsaid. */
export function titleOfUse({ speaks, payload, clientCertificate }: BackendUse): string {
  const parts: string[] = speaks === 'bytes' ? [payload] : [];
  if (clientCertificate !== null) parts.push(`Secret/${clientCertificate.namespace}/${clientCertificate.name}`);
  return parts.join('#');
}

/** Puts first what most routes have only, so that it keeps the plain name. */
export function compareUses(a: BackendUse, b: BackendUse): number {
  return (
    Number(a.clientCertificate !== null) - Number(b.clientCertificate !== null) ||
    compareText(titleOfUse(a), titleOfUse(b))
  );
}
