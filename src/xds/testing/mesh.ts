import {
  type ChannelObserver,
  type DiscoveryChannel,
  DiscoveryClient,
  type DiscoveryClientOptions,
} from '../discovery-client.ts';
import type { DiscoveryServer } from '../discovery-server.ts';
import { CANCELLED, type GrpcStatus, UNAVAILABLE } from '../grpc-status.ts';
import type { GrpcObserver, GrpcSender } from '../grpc-stream.ts';
import { decodeRequest, decodeResponse } from '../message-decoder.ts';
import type { DeltaRequest, DeltaResponse } from '../messages.ts';
import type { DiscoveryChange } from '../client/change-queue.ts';
import type { Rejection } from '../rejection.ts';

/** Time that passes only when told to. */
export class ManualTime {
  nowMs = 0;
  #tasks: { atMs: number; task: () => void }[] = [];

  after(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  /** Lets time pass, and runs what is due in its order. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.#tasks.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.nowMs = next.atMs;
      next.task();
    }
    this.nowMs = endMs;
  }
}

/** One end of a {@link Call}: messages wait in it until they are delivered. */
class CallEnd implements DiscoveryChannel {
  readonly #call: Call;
  readonly outbox: Buffer[] = [];
  observer: GrpcObserver | null = null;
  paused = false;
  /** Whether it says that it is congested with each message. */
  slow = false;

  constructor(call: Call) {
    this.#call = call;
  }

  send(parts: readonly Uint8Array[]): boolean {
    this.outbox.push(Buffer.concat(parts));
    return !this.slow;
  }

  close(status: GrpcStatus): void {
    this.observer = null;
    this.#call.closedBy(this, status);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** A call between a client and a server, whose messages travel when they are told to. */
export class Call {
  readonly client = new CallEnd(this);
  readonly server = new CallEnd(this);
  open = true;
  endStatus: GrpcStatus | null = null;

  /** @returns whether there was a message for the server */
  deliverRequest(): boolean {
    return deliver(this.client, this.server);
  }

  /** @returns whether there was a message that the client takes */
  deliverResponse(): boolean {
    return !this.client.paused && deliver(this.server, this.client);
  }

  closedBy(end: CallEnd, status: GrpcStatus): void {
    if (!this.open) return;
    this.open = false;
    this.endStatus = status;
    const other = end === this.client ? this.server : this.client;
    const observer = other.observer;
    other.observer = null;
    observer?.ended(end === this.client ? { code: CANCELLED, message: 'cancelled' } : status);
  }

  /** The connection is lost. */
  lose(): void {
    if (!this.open) return;
    this.open = false;
    for (const end of [this.server, this.client]) {
      const observer = end.observer;
      end.observer = null;
      observer?.ended({ code: UNAVAILABLE, message: 'connection lost' });
    }
  }
}

function deliver(from: CallEnd, to: CallEnd): boolean {
  const message = from.outbox.shift();
  if (message === undefined) return false;
  const copy = Buffer.from(message);
  to.observer?.received(copy);
  copy.fill(0); // nobody may keep what is valid for the call only
  if (from.slow && from.outbox.length === 0) from.observer?.writable();
  return true;
}

/** A proxy under test, with everything that it was told. */
export class TestProxy {
  readonly client: DiscoveryClient;
  readonly time: ManualTime;
  readonly #server: DiscoveryServer;
  readonly #principal: string;
  /** The call that was opened last. */
  call: Call | null = null;
  reachable = true;
  readonly changes: DiscoveryChange[] = [];
  /** What it was told, by type and name: the version. */
  readonly applied = new Map<string, string>();
  /** Says which resources it cannot use. */
  refuses: (name: string, version: string) => string = () => '';
  /** Whether it applies changes only when told to. */
  manual = false;
  readonly #undone: (() => void)[] = [];
  savedVersions = 0;
  readonly requests: DeltaRequest[] = [];
  readonly responses: DeltaResponse[] = [];
  responseBytes = 0;

  constructor(
    server: DiscoveryServer,
    options: Partial<DiscoveryClientOptions> & { id?: string } = {},
    time = new ManualTime(),
  ) {
    this.#server = server;
    this.time = time;
    const id = options.id ?? 'proxy-1';
    this.#principal = `spiffe://mesh/ns/shop/sa/${id}`;
    const node = { id, service: 'shop/cart', zone: 'eu-1a', version: '0.1.0', metadata: {} };
    this.client = new DiscoveryClient(
      { node, wildcardTypes: [], ...options },
      {
        connect: (observer) => this.#connect(observer),
        apply: (change, done) => this.#apply(change, done),
        changed: () => void this.savedVersions++,
        after: (delayMs, task) => time.after(delayMs, task),
        nowMs: () => time.nowMs,
        random: () => 0.5,
      },
    );
  }

  /** Delivers everything, both ways, until nothing is left. */
  settle(): void {
    while (this.deliverRequest() || this.deliverResponse());
  }

  deliverRequest(): boolean {
    const message = this.call?.client.outbox[0];
    if (message === undefined) return false;
    const decoded = decodeRequest(message);
    if (decoded.ok) this.requests.push(decoded.message);
    return this.call!.deliverRequest();
  }

  deliverResponse(): boolean {
    const message = this.call?.client.paused === false ? this.call.server.outbox[0] : undefined;
    if (message === undefined) return false;
    this.responseBytes += message.length;
    const decoded = decodeResponse(Buffer.from(message));
    if (decoded.ok) this.responses.push(decoded.message);
    return this.call!.deliverResponse();
  }

  /** Finishes what is being applied. @returns whether there was something */
  applyNext(): boolean {
    const next = this.#undone.shift();
    next?.();
    return next !== undefined;
  }

  /** Names of what was received last, by response: `cluster +a -b`. */
  log(): string[] {
    return this.responses.map(({ typeUrl, resources, removed }) =>
      [typeUrl.split('/')[1], ...resources.map(({ name }) => `+${name}`), ...removed.map((name) => `-${name}`)].join(
        ' ',
      ),
    );
  }

  #connect(observer: ChannelObserver): () => void {
    if (!this.reachable) {
      observer.failed('ECONNREFUSED');
      return () => {};
    }
    const call = new Call();
    this.call = call;
    call.server.observer = this.#server.accept(call.server satisfies GrpcSender, this.#principal);
    call.client.observer = observer.opened(call.client);
    return () => {};
  }

  #apply(change: DiscoveryChange, done: (rejections: readonly Rejection[]) => void): void {
    const finish = (): void => {
      this.changes.push(change);
      const rejections: Rejection[] = [];
      for (const { name, version } of change.upserts) {
        const reason = this.refuses(name, version);
        if (reason === '') this.applied.set(`${change.type} ${name}`, version);
        else rejections.push({ name, reason });
      }
      for (const name of change.removals) this.applied.delete(`${change.type} ${name}`);
      done(rejections);
    };
    if (this.manual) this.#undone.push(finish);
    else finish();
  }
}
