import { readSavedIdentity } from '#identity/saved-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import type { MeshIdentity } from '#proxy/mesh/mesh-identity.ts';

type Listener = (identity: WorkloadIdentity | undefined) => void;

/** The identity of the process, as a worker thread is told it. */
export class PostedIdentity implements MeshIdentity {
  readonly #listeners = new Set<Listener>();
  #current: WorkloadIdentity | undefined;

  /** @param text as of `writeSavedIdentity`; null for none now */
  constructor(text: string | null) {
    this.#current = identityOf(text);
  }

  get current(): WorkloadIdentity | undefined {
    return this.#current;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** There is another one. */
  renew(text: string | null): void {
    this.#current = identityOf(text);
    for (const listener of this.#listeners) listener(this.#current);
  }
}

/** What is not valid any more is none. */
function identityOf(text: string | null): WorkloadIdentity | undefined {
  const read = text === null ? 'none' : readSavedIdentity(text, Date.now());
  return typeof read === 'string' ? undefined : read;
}
