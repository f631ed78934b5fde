/** What an HTTP/2 peer may make a connection hold or do. */
export interface Http2Limits {
  /**
   * Streams that the peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS); more are refused.
   * @defaultValue 100 (the least that RFC 9113 §6.5.2 recommends; nghttp2's and Envoy's edge default)
   */
  readonly concurrentStreams: number;
  /**
   * Octets of a header section, by the count of RFC 9113 §6.5.2 (name + value + 32 each); over: 431.
   * @defaultValue 61440 (60 KiB, as Envoy has it)
   */
  readonly fieldBytes: number;
  /**
   * Field lines of a header section; over: 431.
   * @defaultValue 100 (as Envoy has it)
   */
  readonly fieldCount: number;
  /**
   * Octets of the request target (`:path`); over: 414.
   * @defaultValue 16384 (16 KiB)
   */
  readonly targetBytes: number;
  /**
   * Octets of the method; over: a malformed request. The longest registered one has 17.
   * @defaultValue 32
   */
  readonly methodBytes: number;
  /**
   * CONTINUATION frames behind one HEADERS frame; over: the connection ends. CVE-2024-24549 and its kin are endless ones.
   * @defaultValue 16 (nghttp2 allows 8; some clients split smaller)
   */
  readonly continuationFrames: number;
  /**
   * Octets that HPACK's table may hold at either end (SETTINGS_HEADER_TABLE_SIZE).
   * @defaultValue 4096 (RFC 9113 §6.5.2)
   */
  readonly headerTableBytes: number;
  /**
   * Octets of content that a peer may send on one stream before it was passed on (SETTINGS_INITIAL_WINDOW_SIZE).
   * @defaultValue 262144 (256 KiB: fills 200 Mbit/s at 10 ms)
   */
  readonly streamWindowBytes: number;
  /**
   * The same for all streams of a connection together: what paused streams can make this side hold.
   * @defaultValue 1048576 (1 MiB, as Envoy recommends at the edge)
   */
  readonly connectionWindowBytes: number;
  /**
   * Octets of output that wait for the transport before content waits in its streams instead.
   * @defaultValue 65536 (64 KiB)
   */
  readonly outputBytes: number;
  /**
   * Octets of output at which the connection ends: a peer that sends requests and reads no answers (CVE-2019-9517).
   * @defaultValue 4194304 (4 MiB)
   */
  readonly outputLimitBytes: number;
  /**
   * Answers to SETTINGS and PING, and resets, that may wait for the transport; over: the connection ends (CVE-2019-9512,
   * CVE-2019-9515).
   * @defaultValue 1000 (as nghttp2 and Envoy have it)
   */
  readonly queuedControlFrames: number;
  /**
   * Streams that the peer may reset in a burst; over: the connection ends (CVE-2023-44487, Rapid Reset).
   * @defaultValue 1000 (as nghttp2 has it)
   */
  readonly resetBurst: number;
  /**
   * Resets a second that are forgiven. Each stream that completes forgives one more.
   * @defaultValue 33 (as nghttp2 has it)
   */
  readonly resetsPerSecond: number;
  /**
   * Stream errors of the peer's making, in a burst: each makes this side reset a stream whose work may already run
   * behind it; over: the connection ends (CVE-2025-8671, MadeYouReset).
   * @defaultValue 100
   */
  readonly faultBurst: number;
  /**
   * Stream errors a second that are forgiven.
   * @defaultValue 10
   */
  readonly faultsPerSecond: number;
  /**
   * Frames that move nothing, in a burst: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown ones, empty DATA; over: the
   * connection ends (CVE-2019-9511, -9512, -9513, -9515, -9518).
   * @defaultValue 2000
   */
  readonly overheadBurst: number;
  /**
   * Such frames a second that are forgiven. Each frame with content or a head, either way, forgives some more.
   * @defaultValue 200
   */
  readonly overheadPerSecond: number;
}

export const DEFAULT_HTTP2_LIMITS: Http2Limits = Object.freeze({
  concurrentStreams: 100,
  fieldBytes: 61440,
  fieldCount: 100,
  targetBytes: 16384,
  methodBytes: 32,
  continuationFrames: 16,
  headerTableBytes: 4096,
  streamWindowBytes: 262144,
  connectionWindowBytes: 1048576,
  outputBytes: 65536,
  outputLimitBytes: 4194304,
  queuedControlFrames: 1000,
  resetBurst: 1000,
  resetsPerSecond: 33,
  faultBurst: 100,
  faultsPerSecond: 10,
  overheadBurst: 2000,
  overheadPerSecond: 200,
});

/**
 * Octets of content in a frame that this side takes (SETTINGS_MAX_FRAME_SIZE): the least that is allowed, and what
 * everybody uses. Larger frames would make other streams wait longer.
 */
export const MAX_FRAME_BYTES = 16384;
