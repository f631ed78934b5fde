import { normalizeAuthority } from '#http/authority.ts';
import { UNKNOWN_LENGTH } from '#http/head.ts';
import { STREAM_FAULTS, type Fault } from './fault.ts';
import type { FieldSink } from './hpack/decoder.ts';
import { ENTRY_OVERHEAD_BYTES } from './hpack/dynamic-table.ts';
import {
  AUTHORITY,
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  COOKIE,
  EXPECT,
  HOST,
  INVALID,
  METHOD,
  ORDINARY,
  PATH,
  PROTOCOL,
  SCHEME,
  STATUS,
  TE,
} from './hpack/field-kind.ts';
import type { Http2Limits } from './limits.ts';

/**
 * What one header block holds: the ordinary fields as entries, and what became of the others. One scratch serves all
 * connections of a thread, because a block is decoded and read before any observer runs.
 * @see RFC 9113 §8.2, §8.3
 */
export class FieldSection implements FieldSink {
  /** The first thing that is wrong. */
  fault: Fault | null = null;
  entries: string[] = [];
  method = '';
  scheme = '';
  path = '';
  protocol = '';
  status = '';
  /** As they came; see {@link readAuthority}. */
  authority: string | null = null;
  host: string | null = null;
  contentLength: number = UNKNOWN_LENGTH;
  acceptsTrailers = false;
  expectsContinue = false;
  /** Which pseudo-header fields came, one bit for each kind. */
  pseudo = 0;
  #limits: Http2Limits | null = null;
  #count = 0;
  #bytes = 0;
  /** Position of the first `cookie` among the entries, or -1. */
  #cookieAt = -1;

  clear(limits: Http2Limits): void {
    this.fault = null;
    this.entries = [];
    this.method = this.scheme = this.path = this.protocol = this.status = '';
    this.authority = this.host = null;
    this.contentLength = UNKNOWN_LENGTH;
    this.acceptsTrailers = false;
    this.expectsContinue = false;
    this.pseudo = 0;
    this.#limits = limits;
    this.#count = 0;
    this.#bytes = 0;
    this.#cookieAt = -1;
  }

  /** Once something is wrong no field is kept: a few octets may stand for any number of large ones (HPACK bomb). */
  field(kind: number, name: string, value: string): void {
    if (this.fault !== null) return;
    const limits = this.#limits!;
    this.#bytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
    if (this.#bytes > limits.fieldBytes) this.fault = STREAM_FAULTS.fieldBytes;
    else if (kind >= AUTHORITY && kind <= PROTOCOL) this.#notePseudo(kind, value);
    else if (++this.#count > limits.fieldCount) this.fault = STREAM_FAULTS.fieldCount;
    else if (kind === ORDINARY) this.entries.push(name, value);
    else this.fault = this.#note(kind, name, value);
  }

  has(kind: number): boolean {
    return (this.pseudo & (1 << kind)) !== 0;
  }

  #notePseudo(kind: number, value: string): void {
    if (this.#count > 0) this.fault = STREAM_FAULTS.pseudoOrder;
    else if (this.has(kind)) this.fault = STREAM_FAULTS.pseudoRepeated;
    this.pseudo |= 1 << kind;
    switch (kind) {
      case AUTHORITY:
        this.authority = value;
        break;
      case METHOD:
        this.method = value;
        break;
      case PATH:
        this.path = value;
        break;
      case SCHEME:
        this.scheme = value;
        break;
      case STATUS:
        this.status = value;
        break;
      default:
        this.protocol = value;
    }
  }

  #note(kind: number, name: string, value: string): Fault | null {
    switch (kind) {
      case INVALID:
        return STREAM_FAULTS.field;
      case CONNECTION_SPECIFIC:
        return STREAM_FAULTS.connectionField;
      case COOKIE:
        this.#noteCookie(name, value);
        return null;
      case CONTENT_LENGTH:
        return this.#noteLength(value);
      case HOST:
        if (this.host !== null) return STREAM_FAULTS.hostRepeated;
        this.host = value;
        return null;
      case TE:
        this.acceptsTrailers = true;
        return value === 'trailers' || value.toLowerCase() === 'trailers' ? null : STREAM_FAULTS.te;
      case EXPECT:
        this.expectsContinue = true;
        return value.toLowerCase() === '100-continue' ? null : STREAM_FAULTS.expectation;
      default:
        return null;
    }
  }

  /** Crumbs become one field again before anybody else sees them (RFC 9113 §8.2.3). */
  #noteCookie(name: string, value: string): void {
    const entries = this.entries;
    if (this.#cookieAt === -1) {
      this.#cookieAt = entries.length;
      entries.push(name, value);
    } else entries[this.#cookieAt + 1] = `${entries[this.#cookieAt + 1]!}; ${value}`;
  }

  /** One plain number, once: as strict as in HTTP/1.1, because there it may go next. */
  #noteLength(value: string): Fault | null {
    if (this.contentLength !== UNKNOWN_LENGTH) return STREAM_FAULTS.lengthRepeated;
    if (value.length === 0 || (value.length > 1 && value.charCodeAt(0) === 0x30)) return STREAM_FAULTS.lengthSyntax;
    let length = 0;
    for (let i = 0; i < value.length; i++) {
      const digit = value.charCodeAt(i) - 0x30;
      if (digit < 0 || digit > 9) return STREAM_FAULTS.lengthSyntax;
      length = length * 10 + digit;
    }
    if (length > Number.MAX_SAFE_INTEGER) return STREAM_FAULTS.lengthRange;
    this.contentLength = length;
    return null;
  }

  /**
   * The one authority of a request (RFC 9113 §8.3.1): `host` where there is no `:authority`; where there are both they
   * must be the same, or two recipients would serve two hosts.
   * @returns '' where there is none; null where something is wrong, and {@link fault} says what
   */
  readAuthority(): string | null {
    const { authority, host } = this;
    const named = authority ?? host;
    if (named === null) return '';
    if (named === '') return this.#refuseAuthority();
    const normal = named === lastNamed ? lastNormal : normalize(named);
    if (normal === null) return this.#refuseAuthority();
    if (authority !== null && host !== null && host !== authority && normalizeAuthority(host) !== normal) {
      this.fault = STREAM_FAULTS.authorityDiffers;
      return null;
    }
    return normal;
  }

  #refuseAuthority(): null {
    this.fault = STREAM_FAULTS.authority;
    return null;
  }
}

/*
 * The authority that was normalized last: most requests of a connection name the same, as the very same string out of
 * HPACK's table.
 */
let lastNamed = '';
let lastNormal = '';

function normalize(authority: string): string | null {
  const normal = normalizeAuthority(authority);
  if (normal === null) return null;
  lastNamed = authority;
  lastNormal = normal;
  return normal;
}

/** See {@link FieldSection}. */
export const section = new FieldSection();
