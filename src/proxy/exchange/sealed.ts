import { ProxyError } from '#errors/proxy-error.ts';

/** What begins every connection over TLS: a record of type handshake (RFC 8446 §5.1). No text begins so. */
const HANDSHAKE = 22;

/**
 * Judges what a byte stream begins with that must be the client's own TLS: where TLS is declared, nothing leaves in the
 * clear because a client speaks something else.
 *
 * @param bytes the first that came; not empty
 */
export const sealedProblem = (bytes: Uint8Array): ProxyError | null => {
  if (bytes[0] === HANDSHAKE) return null;
  const cause = 'the port takes TLS alone, and the byte stream began with something else';
  return new ProxyError('bad_request', 'downstream', 'stream', { cause });
};
