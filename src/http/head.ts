import type { Fields } from './fields.ts';

/** {@link RequestHead.bodyLength} and {@link ResponseHead.bodyLength} of a body whose end only its framing tells. */
export const UNKNOWN_LENGTH = -1;

export type Scheme = 'http' | 'https';

/** 10, 11, 20: the HTTP version that a message came in. */
export type HttpVersion = 10 | 11 | 20;

/**
 * The head of a request, free of any HTTP version: what RFC 9113 §8.3 calls pseudo-header fields, the fields, and
 * what the framing said of the body. Filters may change all but `method`, `target` and the body's framing.
 */
export class RequestHead {
  readonly method: string;
  /** The request target as it came (origin or absolute form, or `*`), for logs; never forwarded. */
  readonly target: string;
  scheme: Scheme;
  /** Host and optional port, lower case host (RFC 9110 §7.2); '' only in HTTP/1.0 without `Host`. */
  authority: string;
  /** Path without query, beginning with `/` (or `*`); normalised before it is routed, and forwarded like that. */
  path: string;
  /** Query with its `?`, or ''. */
  query: string;
  readonly fields: Fields;
  /** Octets of content; 0 for none; {@link UNKNOWN_LENGTH} where only the framing tells. */
  bodyLength: number;
  /** Whether the client waits for `100 Continue` before it sends the content (RFC 9110 §10.1.1). */
  expectsContinue: boolean;
  /** Protocol that the client offers to switch to (RFC 9110 §7.8), e.g. `websocket`; '' for none. */
  upgrade: string;
  /** Whether the client said `TE: trailers` (RFC 9110 §10.1.4). */
  acceptsTrailers: boolean;
  readonly version: HttpVersion;

  constructor(
    method: string,
    target: string,
    authority: string,
    path: string,
    query: string,
    fields: Fields,
    version: HttpVersion,
  ) {
    this.method = method;
    this.target = target;
    this.scheme = 'http';
    this.authority = authority;
    this.path = path;
    this.query = query;
    this.fields = fields;
    this.bodyLength = 0;
    this.expectsContinue = false;
    this.upgrade = '';
    this.acceptsTrailers = false;
    this.version = version;
  }
}

/** The head of a response, free of any HTTP version. */
export class ResponseHead {
  status: number;
  readonly fields: Fields;
  /** Octets of content that follow; 0 for none; {@link UNKNOWN_LENGTH} where only the framing tells. */
  bodyLength: number;
  /**
   * `Content-Length` of a response that has no content all the same (HEAD, 304; RFC 9110 §8.6), or
   * {@link UNKNOWN_LENGTH} where none was given.
   */
  declaredLength: number;
  /** Protocol switched to by a 101, else ''. */
  upgrade: string;

  constructor(status: number, fields: Fields, bodyLength: number) {
    this.status = status;
    this.fields = fields;
    this.bodyLength = bodyLength;
    this.declaredLength = UNKNOWN_LENGTH;
    this.upgrade = '';
  }
}
