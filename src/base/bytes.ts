/*
 * Node's own fast paths between octets and latin-1 strings, which @types/node leaves out: what `toString('latin1')`
 * and `write(…, 'latin1')` end in, without the way there.
 */
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

/** @returns one character per octet */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.isBuffer(bytes)
    ? bytes.latin1Slice(0, bytes.length)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice(0, bytes.length);
