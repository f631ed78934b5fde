import { parseTrustDomain, type TrustDomain } from './trust-domain.ts';

declare const brand: unique symbol;

/** Who a workload is: a service account of a namespace in a trust domain. Comes only from the functions of this file. */
export interface SpiffeId {
  readonly [brand]: true;
  /** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`; equal exactly for equal identities. */
  readonly uri: string;
  readonly trustDomain: TrustDomain;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const SCHEME = 'spiffe://';

/** Octets of a whole id (SPIFFE-ID §2.3). */
const MAX_LENGTH = 2048;

/** Letters, digits, dot, hyphen and underscore (SPIFFE-ID §2.2); with it go percent signs, and so second spellings. */
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/**
 * Reads a SPIFFE id of the mesh, strictly: what is not exactly of its form is refused and nothing is normalised.
 *
 * @returns the reason where it is not one; it names no more of the text than its length
 * @see SPIFFE-ID §2
 */
export function parseSpiffeId(text: string): SpiffeId | string {
  if (text.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (!text.startsWith(SCHEME)) return `does not begin with ${SCHEME}`;
  const [authority = '', ...segments] = text.slice(SCHEME.length).split('/');
  const trustDomain = parseTrustDomain(authority);
  if (trustDomain === undefined) return 'has a trust domain that is not 1 to 255 of a-z, 0-9, ".", "-" and "_"';
  if (!segments.every(isSegment))
    return 'has a path segment that is empty, dots only or not of A-Z, a-z, 0-9, ".", "-" and "_"';
  const [ns, namespace, sa, serviceAccount, ...rest] = segments;
  if (ns !== 'ns' || sa !== 'sa' || namespace === undefined || serviceAccount === undefined || rest.length > 0)
    return 'is not of the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>';
  return Object.freeze({ uri: text, trustDomain, namespace, serviceAccount }) as SpiffeId;
}

/**
 * Names a workload.
 *
 * @returns the reason where namespace or service account cannot be part of a SPIFFE id
 */
export function createSpiffeId(trustDomain: TrustDomain, namespace: string, serviceAccount: string): SpiffeId | string {
  // A slash in either part would make another workload's path.
  for (const part of [namespace, serviceAccount])
    if (!isSegment(part)) return 'namespace and service account consist of A-Z, a-z, 0-9, ".", "-" and "_"';
  return parseSpiffeId(`${SCHEME}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`);
}

/** Octet by octet: case matters in paths (SPIFFE-ID §2.2). */
export function isSameSpiffeId(a: SpiffeId, b: SpiffeId): boolean {
  return a.uri === b.uri;
}

function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..';
}
