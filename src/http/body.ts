import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from './fields.ts';

/**
 * Takes the content of one message. Whoever writes must stop after `false` until it is resumed through the
 * {@link BodySource} that goes with the sink; this is the whole of backpressure (docs/flow-control.md).
 */
export interface BodySink {
  /**
   * @param chunk valid during the call only: it may lie in a buffer that the next read overwrites
   * @returns false when the sink holds as much as it will: stop until resumed
   */
  write(chunk: Uint8Array): boolean;
  /** The content is complete. @param trailers fields behind it, or null */
  end(trailers: Fields | null): void;
  /** The content will never be complete. */
  abort(error: ProxyError): void;
}

/** Where content comes from, seen from the sink. Both calls may come at any time, repeatedly, also after the end. */
export interface BodySource {
  pause(): void;
  resume(): void;
}
