/** What a ClientHello says that routing goes by. */
export interface ClientHello {
  readonly kind: 'hello';
  /** Server name indication in lower case, or '' where there is none (RFC 6066 §3). */
  readonly serverName: string;
  /** Protocols of ALPN in the client's order; empty where it speaks of none (RFC 7301 §3.1). */
  readonly alpn: readonly string[];
}

/** What is known of a connection's first bytes. */
export type ClientHelloResult =
  | ClientHello
  /** More must come: nothing is gained by asking again before there are that many octets. */
  | { readonly kind: 'incomplete'; readonly atLeast: number }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Longest handshake message that is read, in octets. Those of browsers with post-quantum key shares are below 3,000; a
 * client that fills records with nothing would otherwise be remembered for as long as it likes.
 */
const MAX_HELLO_BYTES = 16_384;
const RECORD_HEADER_BYTES = 5;
/**
 * Records that it may be split over. Clients that split it to slip past filters use two or three; each further record
 * costs another look at all of them.
 */
const MAX_RECORDS = 32;
/** Octets that a reader has to keep at most before the message is known. */
export const MAX_HELLO_RECORD_BYTES = MAX_HELLO_BYTES + MAX_RECORDS * RECORD_HEADER_BYTES;
/** ContentType handshake (RFC 8446 §5.1). */
const HANDSHAKE = 22;
/** HandshakeType client_hello (RFC 8446 §4). */
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const HOST_NAME = 0;

/**
 * Reads a ClientHello (RFC 8446 §4.1.2) from the first octets of a connection, which it leaves as they are. The message
 * may be split over records and records over reads in any way. Unknown extensions, among them GREASE (RFC 8701), mean
 * nothing.
 * @param length octets of `buffer` that came so far
 */
export const readClientHello = (buffer: Uint8Array, length: number): ClientHelloResult => {
  const message = gather(buffer, length);
  if ('kind' in message) return message;
  try {
    return parseHello(new Reader(message, 4, message.length));
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message };
    throw error;
  }
};

/** Puts the handshake message together from its records. */
const gather = (buffer: Uint8Array, length: number): Uint8Array | Exclude<ClientHelloResult, ClientHello> => {
  const fragments: Uint8Array[] = [];
  let gathered = 0;
  let needed = 4;
  for (let at = 0; gathered < needed;) {
    if (fragments.length === MAX_RECORDS) return malformed('the ClientHello has too many records');
    if (length < at + RECORD_HEADER_BYTES)
      return checkStart(buffer, at, length) ?? { kind: 'incomplete', atLeast: at + RECORD_HEADER_BYTES };
    const bad = checkStart(buffer, at, length);
    if (bad !== null) return bad;
    const recordLength = (buffer[at + 3]! << 8) | buffer[at + 4]!;
    if (recordLength === 0 || recordLength > 16_384) return malformed('a record has no usable length');
    const start = at + RECORD_HEADER_BYTES;
    const end = Math.min(start + recordLength, length);
    fragments.push(buffer.subarray(start, end));
    gathered += end - start;
    const head = gathered >= 4 && needed === 4 ? first4(fragments) : null;
    if (head !== null) {
      if (head[0] !== CLIENT_HELLO) return malformed('the first message is no ClientHello');
      needed = 4 + ((head[1]! << 16) | (head[2]! << 8) | head[3]!);
      if (needed > MAX_HELLO_BYTES) return malformed('the ClientHello is too long');
    }
    if (end < start + recordLength && gathered < needed) {
      return { kind: 'incomplete', atLeast: Math.min(start + recordLength, end + needed - gathered) };
    }
    at = end;
  }
  return concat(fragments, gathered).subarray(0, needed);
};

/** Looks at what has come of a record's header, so that what is no TLS is known by its first octet. */
const checkStart = (
  buffer: Uint8Array,
  at: number,
  length: number,
): { readonly kind: 'malformed'; readonly reason: string } | null => {
  if (length > at && buffer[at] !== HANDSHAKE) return malformed('this is no TLS handshake');
  if (length > at + 1 && buffer[at + 1] !== 3) return malformed('this is no TLS handshake');
  return null;
};

const malformed = (reason: string): { readonly kind: 'malformed'; readonly reason: string } => ({
  kind: 'malformed',
  reason,
});

const first4 = (fragments: readonly Uint8Array[]): Uint8Array =>
  concat(
    fragments,
    fragments.reduce((sum, fragment) => sum + fragment.length, 0),
  ).subarray(0, 4);

const concat = (fragments: readonly Uint8Array[], length: number): Uint8Array => {
  if (fragments.length === 1) return fragments[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const fragment of fragments) {
    whole.set(fragment, at);
    at += fragment.length;
  }
  return whole;
};

/** A violation, on its way out of the parser. */
class Malformed extends Error {}

/** Reads TLS's presentation language (RFC 8446 §3) within bounds. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at === this.#end;
  }

  number(octets: 1 | 2): number {
    const at = this.#take(octets);
    return octets === 1 ? this.#bytes[at]! : (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  skip(octets: number): void {
    this.#take(octets);
  }

  /** A vector: its length in that many octets, then its content. */
  vector(octets: 1 | 2): Reader {
    const length = this.number(octets);
    const at = this.#take(length);
    return new Reader(this.#bytes, at, at + length);
  }

  /** What is left, as text. */
  text(): string {
    let text = '';
    for (let at = this.#at; at < this.#end; at++) text += String.fromCharCode(this.#bytes[at]!);
    return text;
  }

  #take(octets: number): number {
    const at = this.#at;
    if (at + octets > this.#end) throw new Malformed('a length in the ClientHello goes beyond its end');
    this.#at = at + octets;
    return at;
  }
}

const parseHello = (hello: Reader): ClientHello => {
  hello.skip(2 + 32); // legacy_version, random
  hello.vector(1); // legacy_session_id
  hello.vector(2); // cipher_suites
  hello.vector(1); // legacy_compression_methods
  let serverName = '';
  let alpn: readonly string[] = [];
  if (hello.done) return { kind: 'hello', serverName, alpn }; // before extensions were invented
  const extensions = hello.vector(2);
  const seen = new Set<number>();
  while (!extensions.done) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    // What stands there twice could be read differently by the server behind this proxy (RFC 8446 §4.2).
    if (seen.has(type)) throw new Malformed('an extension stands in the ClientHello twice');
    seen.add(type);
    if (type === EXTENSION_SERVER_NAME) serverName = readServerName(content);
    else if (type === EXTENSION_ALPN) alpn = readAlpn(content);
  }
  return { kind: 'hello', serverName, alpn };
};

const readServerName = (content: Reader): string => {
  const names = content.vector(2);
  let found = '';
  while (!names.done) {
    const type = names.number(1);
    const name = names.vector(2).text();
    if (type !== HOST_NAME) continue;
    if (found !== '') throw new Malformed('the ClientHello names two hosts');
    if (!HOST.test(name)) throw new Malformed('the server name is no host name');
    found = name.toLowerCase();
  }
  return found;
};

/** Names with underscores are in use; addresses and a final dot are not allowed (RFC 6066 §3), and harm nobody here. */
const HOST = /^[A-Za-z0-9_.:-]{1,255}$/;

const readAlpn = (content: Reader): readonly string[] => {
  const list = content.vector(2);
  const protocols: string[] = [];
  while (!list.done) protocols.push(list.vector(1).text());
  return protocols;
};
