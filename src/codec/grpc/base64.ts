/*
 * Base64 as gRPC-Web's text form has it: the content may be several encodings one behind the other, each with its own
 * padding, because a server pads whenever it wants a message to be seen at once.
 */

const PADDING = 0x3d;
const INVALID = -1;
const QUAD = 4;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(256).fill(INVALID);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Decodes piece by piece, wherever the pieces are split. */
export class Base64Decoder {
  /** Values of the characters of the group that is not complete. */
  #bits = 0;
  #characters = 0;
  #padding = 0;
  /** Whether something came that is no base64; nothing is decoded behind it. */
  failed = false;

  /** @returns what is complete now */
  decode(text: Uint8Array): Buffer {
    const decoded = Buffer.allocUnsafe(Math.ceil((text.length + QUAD) / QUAD) * 3);
    let length = 0;
    for (let i = 0; i < text.length && !this.failed; i++) {
      this.#take(text[i]!);
      if (this.#characters === QUAD) length = this.#put(decoded, length);
    }
    return decoded.subarray(0, length);
  }

  /** Whether all groups are complete. */
  get complete(): boolean {
    return this.#characters === 0 && !this.failed;
  }

  #take(character: number): void {
    const value = VALUES[character]!;
    if (character === PADDING && this.#characters >= 2) this.#padding++;
    else if (value === INVALID || this.#padding > 0) this.failed = true;
    this.#bits = (this.#bits << 6) | (value & 0x3f & (character === PADDING ? 0 : 0x3f));
    this.#characters++;
  }

  #put(into: Buffer, at: number): number {
    let end = at;
    if (!this.failed) {
      into[end++] = this.#bits >> 16;
      if (this.#padding < 2) into[end++] = this.#bits >> 8;
      if (this.#padding < 1) into[end++] = this.#bits;
    }
    this.#bits = 0;
    this.#characters = 0;
    this.#padding = 0;
    return end;
  }
}

/** Encodes a piece with its own padding, so that all of it is seen at once. */
export function encodeBase64(bytes: Uint8Array): Buffer {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Buffer.from(view.toString('base64'), 'latin1');
}
