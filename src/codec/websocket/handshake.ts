import type crypto from 'node:crypto';

/*
 * What the opening handshake of HTTP/1.1 has and that of HTTP/2 has not: a key and its answer, by which a client knows
 * that the server understood it (RFC 6455 §1.3). A proxy between the two has to play the missing part (RFC 8441 §5).
 */

export const WEBSOCKET = 'websocket';
export const KEY_FIELD = 'sec-websocket-key';
export const ACCEPT_FIELD = 'sec-websocket-accept';

/** RFC 6455 §1.3. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_BYTES = 16;

/** @returns a key that was never used: RFC 6455 §4.1 */
export function createWebSocketKey(): string {
  return loadCrypto().randomBytes(KEY_BYTES).toString('base64');
}

/** @returns the one right answer to `key`: RFC 6455 §4.2.2 */
export function acceptWebSocketKey(key: string): string {
  return loadCrypto().hash('sha1', key + KEY_SUFFIX, 'base64');
}

/** OpenSSL takes megabytes, and most threads never see a WebSocket that changes its version: it is loaded by the first. */
const loadCrypto = (): Pick<typeof crypto, 'randomBytes' | 'hash'> => process.getBuiltinModule('node:crypto');
