/** What an HTTP/1.1 peer may make a decoder hold or read. Every limit has an answer of its own, so none is silent. */
export interface Http1Limits {
  /**
   * Octets of a message's whole head (start line and fields), and again of its trailer section; over: 431.
   * @defaultValue 61440 (60 KiB, as Envoy has it)
   */
  readonly fieldBytes: number;
  /**
   * Field lines of a head, and again of a trailer section; over: 431.
   * @defaultValue 100 (as Envoy has it)
   */
  readonly fieldCount: number;
  /**
   * Octets of the request target; over: 414. RFC 9112 §3 asks for at least 8000.
   * @defaultValue 16384 (16 KiB)
   */
  readonly targetBytes: number;
  /**
   * Octets of the method; over: 400. The longest registered one has 17.
   * @defaultValue 32
   */
  readonly methodBytes: number;
  /**
   * Octets of all chunk extensions of one message together; over: 400. They are read and thrown away, so that a peer
   * could otherwise make a few octets of content cost any amount of work.
   * @defaultValue 4096 (4 KiB)
   */
  readonly chunkExtensionBytes: number;
}

export const DEFAULT_HTTP1_LIMITS: Http1Limits = Object.freeze({
  fieldBytes: 61440,
  fieldCount: 100,
  targetBytes: 16384,
  methodBytes: 32,
  chunkExtensionBytes: 4096,
});
