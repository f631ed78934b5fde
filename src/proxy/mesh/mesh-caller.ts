import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { Clock } from '#transport/clock.ts';
import { TICKET_MEMORY_BYTES } from '#transport/ticket-memory.ts';
import type { UpstreamMesh } from '../upstream/dialing.ts';
import type { ClusterRegistry } from '../upstream/cluster-registry.ts';
import type { MeshIdentity } from './mesh-identity.ts';
import { MeshTls } from './mesh-tls.ts';

/** What a proxy needs to call workloads of the mesh as somebody: of an outbound sidecar and of a gateway. */
export class MeshCaller {
  readonly #identity: MeshIdentity;
  readonly #tls: MeshTls;
  #unsubscribe = (): void => {};

  constructor(identity: MeshIdentity, clock: Clock) {
    this.#identity = identity;
    this.#tls = new MeshTls(identity, clock, new SharedArrayBuffer(TICKET_MEMORY_BYTES));
  }

  /** By which its clusters reach sidecars. */
  get upstream(): UpstreamMesh {
    return this.#tls;
  }

  /** From this proxy to nobody yet: of requests that reach no endpoint. */
  get unplaced(): MeshHop {
    return this.#tls.unplaced;
  }

  /**
   * Keeps the connections of clusters no longer than the identity that they were made with, whether another one has come or
   * none could be had. That of before is good for as long again, so that what is under way ends by itself.
   */
  renew(clusters: ClusterRegistry): void {
    this.#unsubscribe = this.#identity.subscribe(() => clusters.renewMesh());
  }

  /** Listens to the identity no longer. */
  close(): void {
    this.#unsubscribe();
    this.#tls.close();
  }
}
