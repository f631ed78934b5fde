import { diffSnapshots, EMPTY_SNAPSHOT, type Snapshot, type SnapshotDelta } from '#model/snapshot/snapshot.ts';

/** Takes a delta, as a whole or not at all; rejects when it cannot. */
export type ApplyDelta = (delta: SnapshotDelta) => Promise<void>;

/** A proxy's place at a publisher. */
export interface Subscription {
  /** What the subscriber has: the last snapshot that it took. */
  readonly applied: Snapshot;
  /** The snapshot that it refused, and why; undefined once it has taken a later one. */
  readonly failure: PublishFailure | undefined;
  /** Ends it; an application under way is not interrupted. */
  close(): void;
}

export interface PublishFailure {
  readonly version: string;
  readonly reason: unknown;
}

/**
 * Hands snapshots to proxies of the same process.
 *
 * Each subscriber gets one delta at a time, and always from what it has: while it is busy, newer snapshots replace
 * those that wait. One that refuses a snapshot keeps its last good one and is not asked again before the next.
 */
export class InProcessPublisher {
  #current: Snapshot = EMPTY_SNAPSHOT;
  readonly #subscribers = new Set<Subscriber>();

  /** The last snapshot published. */
  get current(): Snapshot {
    return this.#current;
  }

  /**
   * Publishes a snapshot.
   *
   * @returns settles when every subscriber has taken or refused this snapshot or a newer one; never rejects
   */
  async publish(snapshot: Snapshot): Promise<void> {
    this.#current = snapshot;
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.offer(snapshot)));
  }

  /** Subscribes from the empty snapshot; what was published last is handed over at once. */
  subscribe(apply: ApplyDelta): Subscription {
    const subscriber = new Subscriber(apply, () => this.#subscribers.delete(subscriber));
    this.#subscribers.add(subscriber);
    void subscriber.offer(this.#current);
    return subscriber;
  }
}

class Subscriber implements Subscription {
  readonly #apply: ApplyDelta;
  readonly #leave: () => void;
  #applied: Snapshot = EMPTY_SNAPSHOT;
  #failure: PublishFailure | undefined;
  #wanted: Snapshot = EMPTY_SNAPSHOT;
  #work: Promise<void> | undefined;
  #closed = false;

  constructor(apply: ApplyDelta, leave: () => void) {
    this.#apply = apply;
    this.#leave = leave;
  }

  get applied(): Snapshot {
    return this.#applied;
  }

  get failure(): PublishFailure | undefined {
    return this.#failure;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  async offer(snapshot: Snapshot): Promise<void> {
    this.#wanted = snapshot;
    this.#work ??= this.#catchUp();
    await this.#work;
  }

  async #catchUp(): Promise<void> {
    let tried: Snapshot | undefined;
    while (!this.#closed && this.#wanted !== tried) {
      tried = this.#wanted;
      await this.#take(tried);
    }
    this.#work = undefined;
  }

  async #take(snapshot: Snapshot): Promise<void> {
    try {
      if (snapshot.version !== this.#applied.version) await this.#apply(diffSnapshots(this.#applied, snapshot));
      this.#applied = snapshot;
      this.#failure = undefined;
    } catch (reason) {
      this.#failure = { version: snapshot.version, reason };
    }
  }
}
