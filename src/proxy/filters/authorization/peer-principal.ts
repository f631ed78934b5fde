import type { PeerCertificate } from '#transport/tls-session.ts';
import type { DownstreamPeer } from '../../exchange/exchange.ts';

/** Who a peer is, by the certificate that it showed. */
export interface PeerPrincipal {
  /** SPIFFE id. */
  readonly uri: string;
  /** Null where the id is not of the form `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
  readonly namespace: string | null;
  /** `<namespace>/<name>`. */
  readonly serviceAccount: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** SPIFFE-ID §2: no escapes, no port, no query; so an id has one spelling. */
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;
const WORKLOAD = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;
const MAX_LENGTH = 2048;

const known = new WeakMap<DownstreamPeer, PeerPrincipal | typeof NOBODY>();
const NOBODY = Symbol('nobody');

/**
 * Tells who a peer is, worked out once for each connection; null where it showed no certificate with a SPIFFE id, and
 * when that has expired meanwhile: connections may outlive the credentials that they were made with.
 */
export function principalOf(peer: DownstreamPeer): PeerPrincipal | null {
  let principal = known.get(peer);
  if (principal === undefined) {
    const certificate = peer.tls?.certificate ?? null;
    principal = (certificate === null ? null : readPrincipal(certificate)) ?? NOBODY;
    known.set(peer, principal);
  }
  return principal === NOBODY || principal.expiresAtMs < Date.now() ? null : principal;
}

/** Of several URIs each reader could take another one for the identity: they name nobody (X509-SVID §2). */
function readPrincipal({ uris, expiresAtMs }: PeerCertificate): PeerPrincipal | null {
  const [uri] = uris;
  if (uri === undefined || uris.length > 1 || uri.length > MAX_LENGTH || !SPIFFE_ID.test(uri)) return null;
  const workload = WORKLOAD.exec(uri);
  const [, namespace, name] = workload ?? [];
  const isWorkload = namespace !== undefined && name !== undefined;
  return Object.freeze({
    uri,
    namespace: isWorkload ? namespace : null,
    serviceAccount: isWorkload ? `${namespace}/${name}` : null,
    expiresAtMs,
  });
}
