import process from 'node:process';

/** What the packet filter knows the sidecar's own sockets by. No user or program should have this group otherwise. */
export const SIDECAR_GROUP = 15_001;

/**
 * Makes this process one of {@link SIDECAR_GROUP}: sockets keep the group that they were made in, so this comes before
 * any is made.
 */
export class SidecarGroup {
  readonly #before: number;

  /** @throws where this process may not, saying what to do */
  constructor() {
    this.#before = process.getegid!();
    try {
      process.setegid!(SIDECAR_GROUP);
    } catch (error) {
      const reason =
        'this process may not take the group 15001 (in a container, give the capability SETGID, and have its user namespace map that group)';
      throw new Error(`cannot capture transparently: ${reason}`, { cause: error });
    }
  }

  /** Does something, at once, as who this process was before: what it starts is captured. */
  outside<T>(work: () => T): T {
    process.setegid!(this.#before);
    try {
      return work();
    } finally {
      process.setegid!(SIDECAR_GROUP);
    }
  }
}
