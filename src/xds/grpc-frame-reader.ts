/** Flag and length in front of each message. */
const PREFIX_BYTES = 5;

/** Told of messages. */
export interface GrpcFrameObserver {
  /** @param message its own memory, or a part of the octets that are being read: valid for the call only */
  message(message: Uint8Array): void;
  /** Nothing is read any more. @param tooLarge whether a message was larger than allowed */
  malformed(reason: string, tooLarge: boolean): void;
}

/**
 * Cuts the content of an HTTP/2 stream into gRPC messages. Memory grows with what has come of a message and never with
 * what its prefix announces.
 * @see gRPC over HTTP2, Length-Prefixed-Message
 */
export class GrpcFrameReader {
  readonly #observer: GrpcFrameObserver;
  readonly #limitBytes: number;
  /** Of the message that has come in part, its prefix first. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #failed = false;

  /** @param limitBytes of one message */
  constructor(observer: GrpcFrameObserver, limitBytes: number) {
    this.#observer = observer;
    this.#limitBytes = limitBytes;
  }

  /** Whether a message has come in part. */
  get isWithinMessage(): boolean {
    return this.#partsBytes > 0;
  }

  /** @param chunk may be overwritten when this returns */
  read(chunk: Uint8Array): void {
    let octets = chunk;
    if (this.#partsBytes > 0) {
      this.#parts.push(Buffer.from(octets));
      this.#partsBytes += octets.length;
      if (!this.#isWhole()) return;
      octets = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partsBytes = 0;
    }
    let at = 0;
    for (let end = this.#end(octets, at); end > 0 && !this.#failed; end = this.#end(octets, at)) {
      this.#observer.message(octets.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    if (at === octets.length || this.#failed) return;
    this.#parts.push(Buffer.from(octets.subarray(at)));
    this.#partsBytes = octets.length - at;
  }

  /** Whether the first message is in the parts: looked up without joining them, which would make many small ones slow. */
  #isWhole(): boolean {
    if (this.#failed) return false;
    if (this.#parts[0]!.length < PREFIX_BYTES) {
      if (this.#partsBytes < PREFIX_BYTES) return false;
      this.#parts = [Buffer.concat(this.#parts)];
    }
    const length = this.#lengthAt(this.#parts[0]!, 0);
    return length >= 0 && this.#partsBytes >= PREFIX_BYTES + length;
  }

  /** @returns where the message at `at` ends; 0 where it does not end here */
  #end(octets: Uint8Array, at: number): number {
    if (this.#failed || octets.length - at < PREFIX_BYTES) return 0;
    const length = this.#lengthAt(octets, at);
    const end = at + PREFIX_BYTES + length;
    return length < 0 || end > octets.length ? 0 : end;
  }

  /** @returns -1 where the prefix is not acceptable */
  #lengthAt(octets: Uint8Array, at: number): number {
    const length = octets[at + 1]! * 2 ** 24 + ((octets[at + 2]! << 16) | (octets[at + 3]! << 8) | octets[at + 4]!);
    if (octets[at] === 0 && length <= this.#limitBytes) return length;
    this.#failed = true;
    this.#parts = [];
    this.#partsBytes = 0;
    if (octets[at] === 0)
      this.#observer.malformed(`message has ${length} octets, ${this.#limitBytes} are allowed`, true);
    // Compression was not offered, so nobody may use it.
    else this.#observer.malformed('message is compressed, which was not agreed on', false);
    return -1;
  }
}

/** Writes the prefix of a message that is not compressed. */
export function encodePrefix(octets: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(octets, 1);
  return prefix;
}
