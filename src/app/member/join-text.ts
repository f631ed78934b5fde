import type { X509Certificate } from 'node:crypto';

/*
 * What a workload is given to join: the join token, and the fingerprint of the mesh's root, so that it gives the token to
 * nobody else.
 *
 *   <token>.<SHA-256 of the root certificate, 64 hexadecimal digits>
 */

/** The parts of what a workload is given. */
export interface JoinText {
  readonly token: string;
  /** Lower case, hexadecimal. */
  readonly rootSha256: string;
}

export function formatJoinText({ token, rootSha256 }: JoinText): string {
  return `${token}.${rootSha256}`;
}

/** @returns undefined for anything else */
export function parseJoinText(text: string): JoinText | undefined {
  const [, token, rootSha256] = /^(svt_[0-9a-f_]{1,200})\.([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  return token === undefined || rootSha256 === undefined ? undefined : { token, rootSha256 };
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
