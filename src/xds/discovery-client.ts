import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { Backoff, type BackoffLimits, DEFAULT_BACKOFF } from './client/backoff.ts';
import { ChangeQueue, type DiscoveryChange } from './client/change-queue.ts';
import { HeldResources } from './client/held-resources.ts';
import { type Lease, type PresenceObserver, WantedNames } from './client/wanted-names.ts';
import { CANCELLED, type GrpcStatus } from './grpc-status.ts';
import type { GrpcObserver, GrpcSender } from './grpc-stream.ts';
import { decodeResponse } from './message-decoder.ts';
import { encodeRequest } from './message-encoder.ts';
import { type DeltaRequest, type DeltaResponse, EMPTY_REQUEST, type NodeIdentity } from './messages.ts';
import { encodeRejections, type Rejection } from './rejection.ts';
import { type ResourceType, TYPES_IN_ORDER, typeOfUrl } from './resource-type.ts';

/** A call that was opened. */
export interface DiscoveryChannel extends GrpcSender {
  /** Receives nothing until {@link resume}; what one read has brought still comes. */
  pause(): void;
  resume(): void;
}

/** Who waits for a call to be opened. Exactly one of the two is called, once. */
export interface ChannelObserver {
  /** @returns who listens to it */
  opened(channel: DiscoveryChannel): GrpcObserver;
  failed(reason: string): void;
}

/** What a {@link DiscoveryClient} needs of the world. */
export interface DiscoveryEnvironment {
  /** Opens a call to the control plane. @returns gives up, as long as it was not opened */
  connect(observer: ChannelObserver): () => void;
  /**
   * Has the proxy use a change, and waits until `done` was called: with what it cannot use, of which it goes on with what
   * it had. May call it at once. A throw means that it cannot use any of it.
   */
  apply(change: DiscoveryChange, done: (rejections: readonly Rejection[]) => void): void;
  /** What is held has changed, so that its saved copy is old. */
  changed(): void;
  /** Runs a task later, once. @returns cancels it */
  after(delayMs: number, task: () => void): () => void;
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** In [0, 1). @defaultValue `Math.random` */
  readonly random?: () => number;
}

export interface DiscoveryClientOptions {
  readonly node: NodeIdentity;
  /** Types of which this proxy wants all that it may see; of the others it wants what {@link DiscoveryClient.subscribe} names. */
  readonly wildcardTypes: readonly ResourceType[];
  /**
   * Milliseconds after which a name that nobody uses is dropped.
   * @defaultValue 600000 (10 min)
   */
  readonly idleNameMs?: number;
  readonly backoff?: BackoffLimits;
}

/** How it stands with the control plane. */
export interface DiscoveryClientStatus {
  readonly state: 'stopped' | 'connecting' | 'open' | 'waiting';
  /** Why the last connection ended or could not be made; '' while all is well. */
  readonly failure: string;
  /** Version of everything that was received last. */
  readonly version: string;
  /** Names that are subscribed to one by one, of all types. */
  readonly names: number;
  readonly resources: number;
}

const DEFAULT_IDLE_NAME_MS = 600_000;
/** All of a type is always answered, also with nothing: a control plane that is silent to it is none. */
const FIRST_ANSWER_MS = 20_000;
/** Into so many steps the idle time is cut: names live at most that much longer. */
const SWEEPS_PER_IDLE_TIME = 10;

type State =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'connecting'; readonly cancel: () => void }
  | { readonly kind: 'open'; readonly channel: DiscoveryChannel }
  | { readonly kind: 'waiting'; readonly cancel: () => void };

/**
 * A proxy's half of discovery, without a socket. It keeps what it has whatever becomes of the control plane, and tells
 * the next one what that is.
 *
 *   stopped ──start──▶ connecting ──opened──▶ open ──ended──▶ waiting (0.5 s … 30 s, full jitter)
 *                          ▲ └──failed──────────────────────────▲ │
 *                          └──────────────────────────────────────┘
 */
export class DiscoveryClient implements ChannelObserver, GrpcObserver {
  readonly #options: DiscoveryClientOptions;
  readonly #environment: DiscoveryEnvironment;
  readonly #backoff: Backoff;
  readonly #wanted: ReadonlyMap<ResourceType, WantedNames>;
  readonly #held = new HeldResources();
  readonly #changes: ChangeQueue;
  readonly #synced = new Set<ResourceType>();
  #state: State = { kind: 'stopped' };
  #failure = '';
  #version = '';
  #congested = false;
  /** Whether something of use has come on this stream. */
  #served = false;
  #cancelFirstAnswer: () => void = () => {};
  /** Whether the server may be told on this stream what this proxy has and wants. */
  #introduced = false;
  #nodeSent = false;
  /** Answers that wait while the channel is congested. */
  #answers: DeltaRequest[] = [];
  #cancelSweep: () => void = () => {};

  constructor(options: DiscoveryClientOptions, environment: DiscoveryEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#backoff = new Backoff(options.backoff ?? DEFAULT_BACKOFF, environment.random ?? Math.random);
    const wildcards = new Set(options.wildcardTypes);
    const nowMs = () => environment.nowMs();
    this.#wanted = new Map(TYPES_IN_ORDER.map((type) => [type, new WantedNames(type, wildcards.has(type), nowMs)]));
    this.#changes = new ChangeQueue(this.#held, this.#wanted, environment, () => this.#idle());
  }

  /**
   * Whether this proxy has had all of the types of which it wants all, at least once: until then it is not ready, unless
   * it was restored.
   */
  get synced(): boolean {
    return this.#options.wildcardTypes.every((type) => this.#synced.has(type));
  }

  status(): DiscoveryClientStatus {
    let names = 0;
    for (const wanted of this.#wanted.values()) names += wanted.count;
    const { kind: state } = this.#state;
    return { state, failure: this.#failure, version: this.#version, names, resources: this.#held.count };
  }

  /** What this proxy has: what its saved copy is made of. */
  resources(): Iterable<SnapshotResource> {
    return this.#held.all();
  }

  /** Has the proxy use what it had in its last life. Call it before {@link start}; what it refuses is asked for again. */
  restore(resources: readonly SnapshotResource[]): void {
    for (const type of TYPES_IN_ORDER) {
      const ofType = resources.filter((resource) => resource.type === type);
      if (ofType.length === 0) continue;
      const wanted = this.#wanted.get(type)!;
      for (const { name } of ofType) wanted.keep(name);
      this.#changes.restore(type, ofType);
    }
  }

  /** Begins to talk to the control plane. Nothing happens where it has begun. */
  start(): void {
    if (this.#state.kind !== 'stopped') return;
    this.#scheduleSweep();
    this.#connect();
  }

  /** Stops talking to it. What the proxy has, it keeps. */
  stop(): void {
    const state = this.#state;
    this.#state = { kind: 'stopped' };
    this.#cancelSweep();
    this.#cancelFirstAnswer();
    if (state.kind === 'open') state.channel.close({ code: CANCELLED, message: '' });
    else if (state.kind !== 'stopped') state.cancel();
    this.#changes.dropReceived();
  }

  /**
   * Wants a resource by name, as a sidecar does when it first calls a service.
   * @param observer is told when it is known whether it exists, and whenever that changes; never during this call, so
   * look at the lease first
   * @throws where all of the type is wanted anyway
   */
  subscribe(type: ResourceType, name: string, observer: PresenceObserver = () => {}): Lease {
    const wanted = this.#wanted.get(type)!;
    if (wanted.isWildcard) throw new Error(`cannot subscribe to ${type} ${name}: this proxy wants all of the type`);
    const lease = wanted.lease(name, this.#held.has(type, name), observer);
    this.#tell();
    return lease;
  }

  // ── ChannelObserver ──

  opened(channel: DiscoveryChannel): GrpcObserver {
    if (this.#state.kind !== 'connecting') {
      channel.close({ code: CANCELLED, message: '' });
      return this;
    }
    this.#state = { kind: 'open', channel };
    this.#congested = false;
    this.#introduced = false;
    this.#nodeSent = false;
    this.#served = false;
    this.#answers = [];
    if (this.#options.wildcardTypes.length > 0) this.#awaitFirstAnswer();
    for (const wanted of this.#wanted.values()) wanted.forgetServer();
    this.#introduce();
    return this;
  }

  failed(reason: string): void {
    if (this.#state.kind === 'connecting') this.#retry(reason);
  }

  // ── GrpcObserver: of the channel that is open ──

  received(message: Uint8Array): void {
    const decoded = decodeResponse(message);
    if (!decoded.ok) return this.#break(`answer is not a DeltaDiscoveryResponse: ${decoded.reason}`);
    const response = decoded.message;
    const type = typeOfUrl(response.typeUrl);
    const wanted = type === undefined ? undefined : this.#wanted.get(type);
    if (type === undefined || wanted === undefined || !(wanted.isWildcard || wanted.introduced)) {
      return this.#break(
        `answer is of type ${JSON.stringify(response.typeUrl.slice(0, 200))}, which was not asked for`,
      );
    }
    this.#noteHealth();
    this.#changes.receive(type, response, (rejections) => this.#answer(type, response, rejections));
    if (this.#changes.busy && this.#state.kind === 'open') this.#state.channel.pause();
  }

  writable(): void {
    this.#congested = false;
    this.#tell();
  }

  ended(status: GrpcStatus): void {
    this.#retry(status.message === '' ? `call ended with gRPC status ${status.code}` : status.message);
  }

  // ── steps ──

  #connect(): void {
    // The environment may fail at once, and so before it has returned.
    let cancel = (): void => {};
    this.#state = { kind: 'connecting', cancel: () => cancel() };
    cancel = this.#environment.connect(this);
  }

  #awaitFirstAnswer(): void {
    const giveUp = (): void => this.#break(`no answer in ${FIRST_ANSWER_MS} ms`);
    this.#cancelFirstAnswer = this.#environment.after(FIRST_ANSWER_MS, giveUp);
  }

  /** The control plane does not follow the protocol, and probably will not next time: the waits grow on. */
  #break(reason: string): void {
    this.#served = false;
    if (this.#state.kind === 'open') this.#state.channel.close({ code: CANCELLED, message: reason });
    this.#retry(reason);
  }

  #retry(reason: string): void {
    this.#failure = reason;
    this.#cancelFirstAnswer();
    if (this.#served) this.#backoff.reset();
    this.#changes.dropReceived();
    const cancel = this.#environment.after(this.#backoff.next(), () => this.#connect());
    this.#state = { kind: 'waiting', cancel };
  }

  #noteHealth(): void {
    this.#served = true;
    this.#cancelFirstAnswer();
    this.#failure = '';
  }

  /** Nothing is being applied any more. */
  #idle(): void {
    if (this.#state.kind !== 'open') return;
    if (this.#introduced) this.#state.channel.resume();
    else this.#introduce();
  }

  /** Says what this proxy has, which is not known while it is changing. */
  #introduce(): void {
    if (this.#changes.busy) return;
    this.#introduced = true;
    this.#tell();
  }

  /** A response was applied. */
  #answer(type: ResourceType, response: DeltaResponse, rejections: readonly Rejection[]): void {
    if (response.systemVersion !== '') {
      this.#version = response.systemVersion;
      this.#synced.add(type);
    }
    const error = rejections.length === 0 ? null : encodeRejections(rejections);
    this.#answers.push({ ...EMPTY_REQUEST, typeUrl: response.typeUrl, nonce: response.nonce, error });
    this.#tell();
  }

  /** Sends what the server is to know. */
  #tell(): void {
    if (!this.#introduced) return;
    for (const answer of this.#answers.splice(0)) this.#send(answer);
    for (const wanted of this.#wanted.values()) {
      if (this.#congested || this.#state.kind !== 'open') return;
      const request = wanted.takeRequest(() => this.#held.versions(wanted.type));
      if (request !== null) this.#send(request);
    }
  }

  #send(request: DeltaRequest): void {
    if (this.#state.kind !== 'open') return;
    if (this.#congested) return void this.#answers.push(request);
    const node = this.#nodeSent ? null : this.#options.node;
    this.#nodeSent = true;
    this.#congested = !this.#state.channel.send([encodeRequest({ ...request, node })]);
  }

  #scheduleSweep(): void {
    const idleMs = this.#options.idleNameMs ?? DEFAULT_IDLE_NAME_MS;
    this.#cancelSweep = this.#environment.after(idleMs / SWEEPS_PER_IDLE_TIME, () => {
      this.#sweep(idleMs);
      this.#scheduleSweep();
    });
  }

  /** Drops names that nobody uses; not while the control plane is away, since they could not be had again. */
  #sweep(idleMs: number): void {
    if (this.#state.kind !== 'open' || !this.#introduced) return;
    this.#noteHealth(); // who has all that it wants is told nothing
    for (const type of TYPES_IN_ORDER.toReversed()) {
      const removed = this.#wanted.get(type)!.expire(this.#environment.nowMs() - idleMs);
      if (removed.length > 0) this.#changes.expire(type, removed);
    }
    this.#tell();
  }
}
