import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from '#codec/http1/limits.ts';
import type { HeldBudget } from '#codec/http2/held-budget.ts';
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from '#codec/http2/limits.ts';

/** What one client may take of this proxy. All times in milliseconds. */
export interface DownstreamLimits {
  readonly http1: Http1Limits;
  readonly http2: Http2Limits & {
    /** Where connections carry the streams of many clients. @defaultValue none: paused streams close their connection's window */
    readonly heldBudget?: HeldBudget;
  };
  /**
   * For a connection between two requests, or before its first.
   * @defaultValue 60,000 (Envoy's stream idle on keep-alive connections is an hour; users of every peer lower it)
   */
  readonly keepAliveIdleMs: number;
  /**
   * From the first byte of a head to its end: the defence against clients that send a head byte by byte.
   * @defaultValue 10,000 (HAProxy's `timeout http-request` as its manual recommends)
   */
  readonly headTimeoutMs: number;
  /**
   * For an exchange on which nothing moves in either direction.
   * @defaultValue 300,000 (Envoy's `stream_idle_timeout`)
   */
  readonly streamIdleMs: number;
  /**
   * For a connection that is passed on as it is, on which nothing moves in either direction.
   * @defaultValue 3,600,000 (Envoy's `idle_timeout` of the TCP proxy)
   */
  readonly tcpIdleMs: number;
  /**
   * How long a closing connection still reads, so that what the client has in flight does not reset it before it has
   * read the answer (RFC 9112 §9.6).
   * @defaultValue 2,000
   */
  readonly lingerMs: number;
  /**
   * Octets that are read and dropped behind an answer that came before the request's end, so that the client gets to
   * read it. A client that sends more is reset.
   * @defaultValue 2,097,152 (2 MiB)
   */
  readonly discardBytes: number;
}

export const DEFAULT_DOWNSTREAM_LIMITS: DownstreamLimits = Object.freeze({
  http1: DEFAULT_HTTP1_LIMITS,
  http2: DEFAULT_HTTP2_LIMITS,
  keepAliveIdleMs: 60_000,
  headTimeoutMs: 10_000,
  streamIdleMs: 300_000,
  tcpIdleMs: 3_600_000,
  lingerMs: 2_000,
  discardBytes: 2 * 1024 * 1024,
});
