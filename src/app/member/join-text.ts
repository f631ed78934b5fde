import type { X509Certificate } from 'node:crypto';

/*
 * What a workload is given to join: the join token, and the fingerprints of the mesh's roots, so that it gives the token
 * to nobody else. There is one root, but for the time of an exchange, when the token is to outlive the old one.
 *
 *   <token>.<SHA-256 of a root certificate, 64 hexadecimal digits>[.<of another one> …]
 */

/** More roots at a time are no exchange, and make a text that nobody pastes. */
export const MAX_NAMED_ROOTS = 16;

/** The parts of what a workload is given. */
export interface JoinText {
  readonly token: string;
  /** At least one; lower case, hexadecimal. */
  readonly rootsSha256: readonly string[];
}

export function formatJoinText({ token, rootsSha256 }: JoinText): string {
  return [token, ...rootsSha256].join('.');
}

/** @returns undefined for anything else */
export function parseJoinText(text: string): JoinText | undefined {
  const [, token, roots] = /^(svt_[0-9a-f_]{1,200})((?:\.[0-9a-f]{64}){1,16})$/.exec(text.trim()) ?? [];
  return token === undefined || roots === undefined ? undefined : { token, rootsSha256: roots.slice(1).split('.') };
}

/** Reads what an operator gave. @throws where it is not complete */
export function readJoin(text: string | undefined): JoinText | undefined {
  if (text === undefined) return undefined;
  const join = parseJoinText(text);
  if (join === undefined)
    throw new Error('the join token is not complete: give all of what selvage token create has printed');
  return join;
}

/** SHA-256 of a certificate in DER; lower case, hexadecimal. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
