/** A message of the Domain Name System (RFC 1035 §4). */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  /** {@link OPCODE_QUERY}, or what hardly anybody sends. */
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  /** What would not fit was left out: it is to be had over TCP. */
  readonly isTruncated: boolean;
  readonly wantsRecursion: boolean;
  readonly offersRecursion: boolean;
  /** One of {@link RESPONSE_CODE}, or another. */
  readonly responseCode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

export interface DnsQuestion {
  /** Without the last dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly content: Uint8Array;
}

/** RFC 1035 §3.2.2, RFC 3596, RFC 6891. */
export const RECORD_TYPE = { A: 1, AAAA: 28, OPT: 41, ANY: 255 } as const;

export const CLASS_INTERNET = 1;

export const OPCODE_QUERY = 0;

/** RFC 1035 §4.1.1; BADVERS: RFC 6891 §9. */
export const RESPONSE_CODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

export const DNS_HEADER_BYTES = 12;
/** What every resolver takes over UDP (RFC 1035 §2.3.4). */
export const CLASSIC_UDP_BYTES = 512;

/** What a peer says by an OPT record (RFC 6891 §6.1.2). */
export interface Edns {
  /** What it takes over UDP, in octets. */
  readonly udpBytes: number;
  readonly version: number;
}

/** @returns null where the message has no OPT record */
export const ednsOf = ({ additional }: DnsMessage): Edns | null => {
  const record = additional.find(({ type }) => type === RECORD_TYPE.OPT);
  if (record === undefined) return null;
  return { udpBytes: Math.max(record.class, CLASSIC_UDP_BYTES), version: (record.ttlSeconds >>> 16) & 0xff };
};
