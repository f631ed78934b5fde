import { CONNECTION_FAULTS, type Fault } from './fault.ts';
import { FrameBudget } from './frame/frame-budget.ts';
import type { Http2Limits } from './limits.ts';
import type { Sender } from './sender.ts';

/** How much overhead each useful frame forgives: a WINDOW_UPDATE for stream and connection, and some more. */
const OVERHEAD_PER_USEFUL_FRAME = 4;

/**
 * What a peer does that costs this side more than the peer, counted against what it does that is of use. Each method
 * returns what ends the connection, or null.
 */
export class PeerConduct {
  readonly #limits: Http2Limits;
  readonly #sender: Sender;
  readonly #resets: FrameBudget;
  readonly #faults: FrameBudget;
  readonly #overhead: FrameBudget;
  /** Frames with a head or content that were received. */
  usefulFrames = 0;
  /** Of all useful frames, those that have been set against overhead. */
  #usefulCounted = 0;

  constructor(limits: Http2Limits, sender: Sender, nowMs: () => number) {
    this.#limits = limits;
    this.#sender = sender;
    this.#resets = new FrameBudget(limits.resetBurst, limits.resetsPerSecond, nowMs);
    this.#faults = new FrameBudget(limits.faultBurst, limits.faultsPerSecond, nowMs);
    this.#overhead = new FrameBudget(limits.overheadBurst, limits.overheadPerSecond, nowMs);
  }

  /** A stream has come to its orderly end. */
  noteCompletion(): void {
    this.#resets.earn(1);
  }

  /** The peer has reset a stream. */
  noteReset(): Fault | null {
    return this.#resets.spend() ? null : CONNECTION_FAULTS.resets;
  }

  /** The peer has made this side reset a stream. */
  noteFault(): Fault | null {
    return this.#faults.spend() ? this.checkOutput() : CONNECTION_FAULTS.faults;
  }

  /** The peer has sent a frame that moves nothing. Useful ones are looked at only when the burst is used up. */
  noteOverhead(): Fault | null {
    if (this.#overhead.spend()) return null;
    const useful = this.usefulFrames + this.#sender.dataFrames;
    this.#overhead.earn((useful - this.#usefulCounted) * OVERHEAD_PER_USEFUL_FRAME);
    this.#usefulCounted = useful;
    return this.#overhead.spend() ? null : CONNECTION_FAULTS.overhead;
  }

  /** A frame of the peer that only asks for an answer has been answered. */
  noteAnswer(): Fault | null {
    this.#sender.controlFrames++;
    return this.noteOverhead() ?? this.checkOutput();
  }

  /** Whether the peer reads what it makes this side say. */
  checkOutput(): Fault | null {
    if (this.#sender.controlFrames > this.#limits.queuedControlFrames) return CONNECTION_FAULTS.queuedControlFrames;
    return this.#sender.output.length > this.#limits.outputLimitBytes ? CONNECTION_FAULTS.output : null;
  }
}
