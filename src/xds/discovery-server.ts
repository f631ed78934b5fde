import { type GrpcStatus, UNAVAILABLE } from './grpc-status.ts';
import type { GrpcObserver, GrpcSender } from './grpc-stream.ts';
import type { NodeIdentity } from './messages.ts';
import { type Admission, DiscoveryStream, type PeerPrincipal, type StreamOwner } from './server/discovery-stream.ts';
import { DEFAULT_DISCOVERY_LIMITS, type DiscoveryLimits } from './server/limits.ts';
import type { ResourceType } from './resource-type.ts';
import type { ProxyStatus } from './server/proxy-status.ts';

/** What a {@link DiscoveryServer} is told and asks. */
export interface DiscoveryServerOptions {
  /** Decides what a proxy sees. Its principal is proven; what `node` says is its own claim. */
  readonly admit: (node: NodeIdentity, principal: PeerPrincipal) => Admission;
  /**
   * Has a task run soon, once: what changes until then is sent together. Changes are thus batched by whoever says when;
   * answers to a proxy's own requests do not wait for it.
   */
  readonly schedule: (task: () => void) => void;
  /** Milliseconds since 1970. @defaultValue `Date.now` */
  readonly nowMs?: () => number;
  /** Told how a stream ended: for the log. */
  readonly ended?: (node: NodeIdentity | null, principal: PeerPrincipal, status: GrpcStatus) => void;
  /** Told what a proxy cannot use, and why: for the log. */
  readonly refused?: (node: NodeIdentity, type: ResourceType, name: string, reason: string) => void;
  readonly limits?: Partial<DiscoveryLimits>;
}

/** Streams that are served in one go, before others have their turn: some 2 ms. */
const STREAMS_PER_SLICE = 256;

/**
 * Delta discovery for any number of proxies, without a socket: `ResourceLayer`s are what it serves, and whoever changes
 * a layer has all proxies told that have asked for what changed.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */
export class DiscoveryServer implements StreamOwner {
  readonly limits: DiscoveryLimits;
  readonly #options: DiscoveryServerOptions;
  readonly #streams = new Set<DiscoveryStream>();
  readonly #woken = new Set<DiscoveryStream>();

  constructor(options: DiscoveryServerOptions) {
    this.limits = { ...DEFAULT_DISCOVERY_LIMITS, ...options.limits };
    this.#options = options;
  }

  /** How many streams are open. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** A proxy has opened a stream. @returns who is to be told what comes on it */
  accept(sender: GrpcSender, principal: PeerPrincipal, credential = ''): GrpcObserver {
    const sinceMs = (this.#options.nowMs ?? Date.now)();
    const stream = new DiscoveryStream(sender, this, { principal, credential, sinceMs });
    this.#streams.add(stream);
    return stream;
  }

  /** What is known of all proxies that are connected. */
  status(): ProxyStatus[] {
    return [...this.#streams].flatMap((stream) => stream.status() ?? []);
  }

  /** Sends all proxies away, which then look for another control plane. */
  close(): void {
    for (const stream of this.#streams) stream.close({ code: UNAVAILABLE, message: 'control plane is shutting down' });
  }

  // ── StreamOwner ──

  admit(node: NodeIdentity, principal: PeerPrincipal): Admission {
    return this.#options.admit(node, principal);
  }

  wake(stream: DiscoveryStream): void {
    this.#woken.add(stream);
    if (this.#woken.size === 1) this.#options.schedule(this.#flush);
  }

  refused(stream: DiscoveryStream, type: ResourceType, name: string, reason: string): void {
    if (stream.node !== null) this.#options.refused?.(stream.node, type, name, reason);
  }

  ended(stream: DiscoveryStream, status: GrpcStatus): void {
    this.#streams.delete(stream);
    this.#woken.delete(stream);
    this.#options.ended?.(stream.node, stream.principal, status);
  }

  readonly #flush = (): void => {
    let left = STREAMS_PER_SLICE;
    for (const stream of this.#woken) {
      if (left-- === 0) return this.#options.schedule(this.#flush);
      this.#woken.delete(stream);
      stream.flush();
    }
  };
}
