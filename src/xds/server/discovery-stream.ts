import type { GrpcObserver, GrpcSender } from '../grpc-stream.ts';
import { type GrpcStatus, INVALID_ARGUMENT, RESOURCE_EXHAUSTED } from '../grpc-status.ts';
import { decodeRequest } from '../message-decoder.ts';
import { encodeResponseFrame } from '../message-encoder.ts';
import type { DeltaRequest, NodeIdentity, RpcStatus } from '../messages.ts';
import { boundedReason, decodeRejections } from '../rejection.ts';
import { type ResourceType, TYPES_IN_ORDER, typeOfUrl, typeUrlOf } from '../resource-type.ts';
import type { DiscoveryLimits } from './limits.ts';
import type { ResourceLayer } from './resource-layer.ts';
import type { ProxyStatus, TypeStatus } from './proxy-status.ts';
import { type Batch, TypeSubscription } from './type-subscription.ts';

/** Who a peer is, by its certificate: a SPIFFE id, or '' over plain TCP. */
export type PeerPrincipal = string;

/** What a proxy is given to see, or why it is turned away. */
export type Admission =
  | { readonly admitted: true; readonly layers: readonly ResourceLayer[] }
  | { readonly admitted: false; readonly status: GrpcStatus };

/** Whose stream it is, and since when. */
export interface StreamOrigin {
  readonly principal: PeerPrincipal;
  /** Serial number of its certificate, or ''. */
  readonly credential: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What a stream asks of the server. */
export interface StreamOwner {
  readonly limits: DiscoveryLimits;
  admit(node: NodeIdentity, principal: PeerPrincipal): Admission;
  /** Something has changed that the stream is to be told when it is convenient: see {@link DiscoveryStream.flush}. */
  wake(stream: DiscoveryStream): void;
  /** It cannot use a resource. */
  refused(stream: DiscoveryStream, type: ResourceType, name: string, reason: string): void;
  /** It is over. */
  ended(stream: DiscoveryStream, status: GrpcStatus): void;
}

/** A response that was not answered yet. */
interface Outstanding {
  readonly batch: Batch;
  readonly systemVersion: string;
}

/**
 * The server's half of one proxy's discovery, without a socket.
 *
 *   new ──first request, admitted──▶ serving ──end of stream──▶ ended
 *    └──refused, or nonsense from the peer─────────────────────────▲
 *
 * A response is made at the moment in which it can be sent, from what is true then. It waits while the stream is
 * congested or too many responses are unanswered; meanwhile changes only mark names.
 */
export class DiscoveryStream implements GrpcObserver {
  node: NodeIdentity | null = null;
  readonly principal: PeerPrincipal;
  readonly #sender: GrpcSender;
  readonly #owner: StreamOwner;
  readonly #origin: StreamOrigin;
  #layers: readonly ResourceLayer[] = [];
  readonly #subscriptions = new Map<ResourceType, TypeSubscription>();
  readonly #outstanding = new Map<string, Outstanding>();
  /** Versions of everything that were acknowledged last. */
  readonly #acknowledged = new Map<ResourceType, string>();
  #nonce = 0;
  #congested = false;
  #ended = false;

  constructor(sender: GrpcSender, owner: StreamOwner, origin: StreamOrigin) {
    this.#sender = sender;
    this.#owner = owner;
    this.principal = origin.principal;
    this.#origin = origin;
  }

  // ── GrpcObserver ──

  received(message: Uint8Array): void {
    const decoded = decodeRequest(message);
    if (!decoded.ok) return this.#refuse(`request is not a DeltaDiscoveryRequest: ${decoded.reason}`);
    const request = decoded.message;
    if (this.node === null && !this.#introduce(request)) return;
    this.#answer(request);
    if (!this.#ended) this.flush();
  }

  writable(): void {
    this.#congested = false;
    this.flush();
  }

  ended(status: GrpcStatus): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#owner.ended(this, status);
  }

  // ── for the server ──

  /** Sends what can be sent now. */
  flush(): void {
    while (!this.#ended && !this.#congested && this.#outstanding.size < this.#owner.limits.outstandingResponses) {
      const batch = this.#nextBatch();
      if (batch === null) return;
      this.#send(batch);
    }
  }

  /** Breaks it off. */
  close(status: GrpcStatus): void {
    if (this.#ended) return;
    this.#sender.close(status);
    this.ended(status);
  }

  changed(type: ResourceType, name: string): void {
    if (this.#subscriptions.get(type)?.note(name)) this.#owner.wake(this);
  }

  /** @returns null before the proxy has said who it is */
  status(): ProxyStatus | null {
    if (this.node === null) return null;
    const types = [...this.#subscriptions.values()].map((subscription) => this.#statusOf(subscription));
    return { node: this.node, ...this.#origin, types };
  }

  #statusOf(subscription: TypeSubscription): TypeStatus {
    const { type, wildcard, nameCount, pendingCount, refusals } = subscription;
    return {
      type,
      wildcard,
      names: nameCount,
      pending: pendingCount,
      unanswered: [...this.#outstanding.values()].filter(({ batch }) => batch.type === type).length,
      acknowledgedVersion: this.#acknowledged.get(type) ?? '',
      refusals: [...refusals].map(([name, refusal]) => ({ name, ...refusal })),
    };
  }

  // ── requests ──

  #introduce({ node }: DeltaRequest): boolean {
    if (node === null || node.id === '') {
      this.#refuse('first request names no node (set node.id)');
      return false;
    }
    const admission = this.#owner.admit(node, this.principal);
    if (!admission.admitted) {
      this.close(admission.status);
      return false;
    }
    this.node = node;
    this.#layers = admission.layers;
    return true;
  }

  #answer(request: DeltaRequest): void {
    const type = typeOfUrl(request.typeUrl);
    if (type === undefined)
      return this.#refuse(`type ${JSON.stringify(request.typeUrl.slice(0, 200))} is not served here`);
    if (request.nonce !== '' && !this.#settle(type, request)) return;
    const known = this.#subscriptions.get(type);
    const subscription = known ?? new TypeSubscription(type, this.#layers, this);
    this.#subscriptions.set(type, subscription);
    subscription.update(request, known === undefined);
    const { namesPerType } = this.#owner.limits;
    if (subscription.nameCount > namesPerType) {
      const message = `more than ${namesPerType} names of ${request.typeUrl} are subscribed to (unsubscribe from some)`;
      this.close({ code: RESOURCE_EXHAUSTED, message });
    }
  }

  /** A response was taken or refused. */
  #settle(type: ResourceType, { nonce, error }: DeltaRequest): boolean {
    const outstanding = this.#outstanding.get(nonce);
    if (outstanding === undefined || outstanding.batch.type !== type) {
      this.#refuse(`nonce ${JSON.stringify(nonce.slice(0, 32))} is of no unanswered response of this type`);
      return false;
    }
    this.#outstanding.delete(nonce);
    const subscription = this.#subscriptions.get(type)!;
    for (const { source } of outstanding.batch.resources) subscription.refusals.delete(source.name);
    if (error !== null) {
      noteRefusals(subscription, outstanding.batch, error);
      for (const { source } of outstanding.batch.resources) {
        const reason = subscription.refusals.get(source.name)?.reason;
        if (reason !== undefined) this.#owner.refused(this, type, source.name, reason);
      }
    } else if (outstanding.systemVersion !== '') this.#acknowledged.set(type, outstanding.systemVersion);
    return true;
  }

  #refuse(message: string): void {
    this.close({ code: INVALID_ARGUMENT, message });
  }

  // ── responses ──

  /** What is new first, each type after those that it refers to; what is removed last, in the reverse order. */
  #nextBatch(): Batch | null {
    const { responseBytes } = this.#owner.limits;
    for (const type of TYPES_IN_ORDER) {
      const batch = this.#subscriptions.get(type)?.takeNews(responseBytes) ?? null;
      if (batch !== null) return batch;
    }
    for (const type of TYPES_IN_REVERSE) {
      const batch = this.#subscriptions.get(type)?.takeRemovals() ?? null;
      if (batch !== null) return batch;
    }
    return null;
  }

  #send(batch: Batch): void {
    const nonce = String(++this.#nonce);
    const systemVersion = batch.isLast ? this.#systemVersion() : '';
    this.#outstanding.set(nonce, { batch, systemVersion });
    const frame = encodeResponseFrame({ systemVersion, typeUrl: typeUrlOf(batch.type), nonce, removed: batch.removed });
    this.#congested = !this.#sender.send([frame, ...batch.resources.map((resource) => resource.octets)]);
  }

  /** Never '', which means that more is to come. */
  #systemVersion(): string {
    return this.#layers.map(({ version }) => version || '-').join('/') || '-';
  }
}

/** A refusal that does not say what it means, means everything in the response. */
function noteRefusals(subscription: TypeSubscription, batch: Batch, error: RpcStatus): void {
  const reasons = decodeRejections(error);
  const byName = reasons === null ? null : new Map(reasons.map(({ name, reason }) => [name, reason]));
  for (const { source, version } of batch.resources) {
    const reason = byName === null ? boundedReason(error.message) : byName.get(source.name);
    if (reason !== undefined) subscription.refused(source.name, { version, reason });
  }
}

const TYPES_IN_REVERSE = TYPES_IN_ORDER.toReversed();
