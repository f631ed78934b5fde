const LENGTH_BYTES = 2;

/** Finds the messages in a TCP connection: each follows its length (RFC 1035 §4.2.2), however the stream is cut. */
export class DnsStream {
  #held: Buffer = Buffer.alloc(0);

  /** Holds at most one message that is not whole: 64 KiB. @returns those that are */
  take(piece: Uint8Array): readonly Uint8Array[] {
    this.#held = this.#held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#held, piece]);
    const messages: Uint8Array[] = [];
    let at = 0;
    while (this.#held.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + this.#held.readUInt16BE(at);
      if (this.#held.length < end) break;
      messages.push(this.#held.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    this.#held = this.#held.subarray(at);
    return messages;
  }
}

/** @returns the message as it is sent over TCP */
export const frameDnsMessage = (message: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);
