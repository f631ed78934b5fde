import { DNS_HEADER_BYTES, type DnsMessage, type DnsQuestion, type DnsRecord } from './message.ts';
import { readName } from './name.ts';

/** What octets that came as a message are. */
export type DnsDecoding =
  | { readonly kind: 'message'; readonly message: DnsMessage }
  /** `id` is null where there is not even that: nobody can be answered. */
  | { readonly kind: 'malformed'; readonly reason: string; readonly id: number | null };

/** Decodes one whole message. Whatever the octets are, it gives a value. */
export const decodeDnsMessage = (octets: Uint8Array): DnsDecoding => {
  if (octets.length < DNS_HEADER_BYTES) return { kind: 'malformed', reason: 'the header is not whole', id: null };
  const reader = new Reader(octets);
  const id = reader.number16();
  const flags = reader.number16();
  const counts = [reader.number16(), reader.number16(), reader.number16(), reader.number16()] as const;
  const questions = readAll(counts[0], () => readQuestion(reader));
  const [answers, authorities, additional] = counts.slice(1).map((count) => readAll(count, () => readRecord(reader)));
  if (questions === undefined) return { kind: 'malformed', reason: 'a question is not whole', id };
  if (answers === undefined || authorities === undefined || additional === undefined)
    return { kind: 'malformed', reason: 'a record is not whole', id };
  return { kind: 'message', message: { id, ...readFlags(flags), questions, answers, authorities, additional } };
};

/** Of a message that was decoded: where its one question ends. Of several: where the first does. */
export const questionEndOf = (octets: Uint8Array): number => {
  const name = readName(octets, DNS_HEADER_BYTES);
  return name === undefined ? DNS_HEADER_BYTES : name.end + 4;
};

const readFlags = (flags: number) => ({
  isResponse: (flags & 0x8000) !== 0,
  opcode: (flags >> 11) & 0xf,
  isAuthoritative: (flags & 0x0400) !== 0,
  isTruncated: (flags & 0x0200) !== 0,
  wantsRecursion: (flags & 0x0100) !== 0,
  offersRecursion: (flags & 0x0080) !== 0,
  responseCode: flags & 0xf,
});

/** Each takes octets of the message, so that a count that lies ends with them. */
const readAll = <T>(count: number, read: () => T | undefined): readonly T[] | undefined => {
  const all: T[] = [];
  for (let i = 0; i < count; i++) {
    const one = read();
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
};

const readQuestion = (reader: Reader): DnsQuestion | undefined => {
  const name = reader.name();
  if (name === undefined || !reader.has(4)) return undefined;
  return { name, type: reader.number16(), class: reader.number16() };
};

const readRecord = (reader: Reader): DnsRecord | undefined => {
  const name = reader.name();
  if (name === undefined || !reader.has(10)) return undefined;
  const fields = { name, type: reader.number16(), class: reader.number16(), ttlSeconds: reader.number32() };
  const length = reader.number16();
  return reader.has(length) ? { ...fields, content: reader.octets(length) } : undefined;
};

class Reader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  has(length: number): boolean {
    return this.#at + length <= this.#octets.length;
  }

  number16(): number {
    this.#at += 2;
    return (this.#octets[this.#at - 2]! << 8) | this.#octets[this.#at - 1]!;
  }

  number32(): number {
    return this.number16() * 0x1_0000 + this.number16();
  }

  octets(length: number): Uint8Array {
    this.#at += length;
    return this.#octets.slice(this.#at - length, this.#at);
  }

  name(): string | undefined {
    const read = readName(this.#octets, this.#at);
    if (read === undefined) return undefined;
    this.#at = read.end;
    return read.name;
  }
}
