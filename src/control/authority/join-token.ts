import { createHash, randomBytes } from 'node:crypto';

/*
 * svt_<id>_<secret>_<checksum>, all lower case hexadecimal:
 *
 *   id        6 octets   names the token in lists and logs; not secret
 *   secret    32 octets  of randomness, so that a plain SHA-256 of it can be stored (nothing is to be guessed)
 *   checksum  4 octets   of SHA-256 over what stands before: typing errors and cut-off pastes cost no look-up, and
 *                        scanners for leaked secrets find tokens without false alarms
 */

/** The parts of a token whose checksum is right. */
export interface JoinTokenParts {
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array;
}

const FORM = /^(svt_([0-9a-f]{12})_([0-9a-f]{64}))_([0-9a-f]{8})$/;

/** @returns the token, which exists only here and with the workload, and what to keep of it */
export function createJoinToken(): JoinTokenParts & { readonly token: string } {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('hex');
  const body = `svt_${id}_${secret}`;
  return { token: `${body}_${checksumOf(body)}`, id, hash: hashOf(secret) };
}

/** @returns undefined for anything but a complete token */
export function parseJoinToken(text: string): JoinTokenParts | undefined {
  const [, body, id, secret, checksum] = FORM.exec(text) ?? [];
  if (body === undefined || id === undefined || secret === undefined) return undefined;
  return checksumOf(body) === checksum ? { id, hash: hashOf(secret) } : undefined;
}

function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 8);
}
