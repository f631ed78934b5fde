import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { OpenPlainListener, PlainListener } from '#proxy/mesh/plain-listener.ts';
import type { Capture, RunningCapture } from '#proxy/outbound.ts';

/** What a capture needs of the sidecar that it brings connections to. */
export interface CapturingSidecar {
  capture(capture: Capture): Promise<RunningCapture>;
  servePlain(listener: PlainListener): Promise<OpenPlainListener>;
  /** Settles when it is known whether a host is a service and that is in use; null where it can be none. */
  demand(authority: string): Promise<void> | null;
  /** Whether a host is named as a service is, and it could not be found out whether it is one. */
  mayBeService(authority: string): boolean;
}

/**
 * A way in which an application's connections come to its sidecar though the application knows of none:
 * made → open → closed. Changes may be given to it from when it is made.
 */
export interface ApplicationCapture {
  /**
   * Stands when it resolves: the application may be started.
   *
   * @throws (rejects) where it cannot be, saying what to do
   */
  open(sidecar: CapturingSidecar): Promise<void>;
  /** Takes a change that the sidecar has taken. @returns (never rejects) when it is in force */
  take(delta: SnapshotDelta): Promise<void>;
  /** @returns what to start, so that the application is captured: a program that becomes the command */
  wrap(command: readonly string[]): readonly string[];
  /** Starts the application by `start`, as who is captured. */
  startOutside<T>(start: () => T): T;
  /**
   * Told of what was started, where that leads a process group: it is to end with this process, however that ends.
   *
   * @param leader process id
   */
  guard(leader: number): void;
  /** Whether the application finds the sidecar without being told of it, in both directions. */
  readonly isWhole: boolean;
  /** Resolves, with the reason, where the application is not captured any more though nobody closed this. */
  readonly lost: Promise<string>;
  /** @returns when nothing is left of it */
  close(): Promise<void>;
}

/** Changes that come before there is somebody to take them. */
export class ChangesInOrder {
  readonly #pending: SnapshotDelta[] = [];
  #take: ((delta: SnapshotDelta) => Promise<void>) | undefined;

  take(delta: SnapshotDelta): Promise<void> {
    if (this.#take !== undefined) return this.#take(delta);
    this.#pending.push(delta);
    return Promise.resolve();
  }

  /** Hands over what has come so far, and from then on each as it comes. */
  async hand(take: (delta: SnapshotDelta) => Promise<void>): Promise<void> {
    for (let delta = this.#pending.shift(); delta !== undefined; delta = this.#pending.shift()) await take(delta);
    this.#take = take;
  }
}
