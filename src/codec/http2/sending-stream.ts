import type { Fields } from '#http/fields.ts';

/** Position of a frame that is not in the output any more. */
const GONE = -1;

/** The sending half of a stream: what waits because a window is closed, and where its last frame lies. */
export abstract class SendingStream {
  readonly id: number;
  /** Octets that the peer takes now on this stream; negative after it has made its window smaller (RFC 9113 §6.9.2). */
  sendWindow: number;
  /** Content that could not be sent yet, and how much of it has been since. */
  pending: Uint8Array | null = null;
  pendingAt = 0;
  /** Whether `end` was called; the end follows what is pending. */
  ending = false;
  trailers: Fields | null = null;
  /** Whether END_STREAM is in the output or sent. */
  localEnded = false;
  closed = false;
  /** In the queue of those that wait for connection window or room in the output. */
  queued = false;
  nextQueued: SendingStream | null = null;
  /** Where the head of the last frame lies in the output number `lastFrameOutput`. */
  lastFrameAt: number = GONE;
  lastFrameOutput: number = GONE;

  constructor(id: number, sendWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
  }

  /** All that waited has been sent. */
  abstract drained(): void;
  /** END_STREAM has been written. */
  abstract endSent(): void;
}
