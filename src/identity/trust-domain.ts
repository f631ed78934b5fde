declare const brand: unique symbol;

/** Name of the realm of one set of roots, such as `cluster.local`. */
export type TrustDomain = string & { readonly [brand]: 'TrustDomain' };

/** Octets (SPIFFE-ID §2.3). */
const MAX_LENGTH = 255;

/**
 * Reads a trust domain name; upper case is refused, not lowered, as names are compared octet by octet.
 *
 * @see SPIFFE-ID §2.1
 */
export function parseTrustDomain(text: string): TrustDomain | undefined {
  return text.length <= MAX_LENGTH && /^[a-z0-9._-]+$/.test(text) ? (text as TrustDomain) : undefined;
}

/** The name that an authority's own certificate bears (X509-SVID §3.1: no path). */
export function trustDomainUri(trustDomain: TrustDomain): string {
  return `spiffe://${trustDomain}`;
}
