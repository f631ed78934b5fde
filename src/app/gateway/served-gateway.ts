import type { GatewayCommandOptions } from '#cli/gateway.ts';
import { announce } from '#control/registry/announcement.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { snapshotKey, type Snapshot, type SnapshotDelta, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ApplyReport } from '#proxy/listener-set.ts';
import type { Clock } from '#transport/clock.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import { DiscoveryClient } from '#xds/discovery-client.ts';
import { afterOnClock, connectDiscovery } from '#xds/discovery-transport.ts';
import type { NodeIdentity } from '#xds/messages.ts';
import type { Rejection } from '#xds/rejection.ts';
import { encodeSavedCopy } from '#xds/saved-copy.ts';
import { SavedCopyFile } from '#xds/saved-copy-file.ts';
import type { DataPlane } from '../data-plane.ts';
import { DeltaApplier } from '../delta-applier.ts';
import type { IdentityKeeper } from '../member/identity-keeper.ts';
import { identityView } from '../member/identity-view.ts';
import type { PrivateFiles } from '../member/private-files.ts';
import { RefusalLog } from '../member/refusal-log.ts';
import { restoreSaved } from '../member/restore-saved.ts';
import { takeUsable } from '../member/usable-change.ts';

/** Who is told what happens. */
export interface ServedGatewayObserver {
  /** Something else is served, or nothing any more. @param before what was served until now */
  changed(delta: SnapshotDelta, before: Snapshot, failures: ApplyReport['failures']): void;
  /** Listeners whose port has become free are bound now. */
  recovered(listeners: readonly string[]): void;
  /** Told in one sentence of what an operator should know. */
  warn(message: string): void;
}

export interface ServedGatewayOptions {
  readonly command: GatewayCommandOptions;
  /** Of the build. */
  readonly version: string;
  readonly identity: IdentityKeeper;
  readonly files: PrivateFiles;
  readonly clock: Clock;
  readonly dataPlane: DataPlane;
  /** How this gateway is, when a connection to the control plane is made. */
  readonly state: () => LiveWorkload['state'];
  readonly observer: ServedGatewayObserver;
}

const COPY = 'discovery';

/** All of these that the control plane shows a gateway are its own, or for everybody. */
const TYPES = [
  'cluster',
  'endpoints',
  'certificate',
  'authorization',
  'http-route',
  'stream-route',
  'listener',
  'gateway',
  'trust-bundle',
] as const;

/** Makes a data plane serve what the control plane says of one Gateway, and keeps a copy of it for the next start. */
export class ServedGateway {
  readonly #options: ServedGatewayOptions;
  readonly #applier: DeltaApplier;
  readonly #discovery: DiscoveryClient;
  readonly #copy: SavedCopyFile;
  readonly #refusals: RefusalLog;
  #applied = 0;
  #rejected = 0;
  #isFrozen = false;
  /** Of the Gateway; undefined as long as nothing is known of it. */
  #problem: string | null | undefined;

  constructor(options: ServedGatewayOptions) {
    const { identity, clock, files, observer } = options;
    this.#options = options;
    this.#applier = new DeltaApplier(options.dataPlane, (listeners) => observer.recovered(listeners));
    this.#refusals = new RefusalLog(
      (message) => observer.warn(message),
      () => clock.now(),
    );
    this.#copy = new SavedCopyFile(
      files.pathOf(COPY),
      () => encodeSavedCopy(this.#owner, this.#discovery.resources()),
      (reason) => observer.warn(reason),
    );
    this.#discovery = new DiscoveryClient(
      { node: this.#createNode(), wildcardTypes: TYPES },
      {
        connect: connectDiscovery(identity.dial, identity.authority, clock),
        apply: (change, done) => void this.#take(change, done),
        changed: () => this.#copy.changed(),
        after: afterOnClock(clock),
        nowMs: () => clock.now(),
      },
    );
  }

  /** What is served. */
  get snapshot(): Snapshot {
    return this.#applier.snapshot;
  }

  /** Listeners that could not be bound. */
  get failures(): ApplyReport['failures'] {
    return this.#applier.failures;
  }

  /** How many changes were applied, and how many failed as a whole. */
  get reloads(): { readonly applied: number; readonly rejected: number } {
    return { applied: this.#applied, rejected: this.#rejected };
  }

  /** Why the control plane gives nothing to serve; null where it does, undefined as long as it has said nothing. */
  get problem(): string | null | undefined {
    return this.#problem;
  }

  /** Why the control plane cannot be spoken to; '' while all is well. */
  get failure(): string {
    return this.#discovery.status().failure;
  }

  /** For whoever asks how it stands. */
  get status(): object {
    const identity = identityView(this.#options.identity.source);
    return { problem: this.#problem ?? null, control: this.failure, identity, unboundListeners: this.failures };
  }

  /** Begins with what was served last, and to talk to the control plane. */
  async start(): Promise<void> {
    const { files, observer } = this.#options;
    this.#discovery.restore(await restoreSaved(files, COPY, this.#owner, (reason) => observer.warn(reason)));
    this.#discovery.start();
  }

  /** Serves what it serves now to the end, whatever comes; the copy for the next start still follows. */
  freeze(): void {
    this.#isFrozen = true;
    this.#applier.close();
  }

  /** @returns when the copy is written */
  async close(): Promise<void> {
    this.freeze();
    this.#discovery.stop();
    await this.#copy.flushed();
  }

  /** A copy of another Gateway, or of another identity, must not be served. */
  get #owner(): string {
    const { command, identity } = this.#options;
    const { namespace, name, id } = command;
    return `${identity.source.current?.svid.spiffeId.uri ?? ''} ${id} Gateway ${namespace}/${name}`;
  }

  /** Metadata is what is true when a connection is made. */
  #createNode(): NodeIdentity {
    const { command, version, identity, state } = this.#options;
    const { id, namespace, name } = command;
    const node = (): NodeIdentity =>
      announce(
        {
          id,
          namespace,
          service: '',
          gateway: name,
          zone: '',
          address: identity.localAddress,
          meshPort: 0,
          ports: [],
          state: state(),
        },
        version,
      );
    return {
      ...node(),
      get metadata() {
        return node().metadata;
      },
    };
  }

  async #take(change: DiscoveryChange, done: (rejections: readonly Rejection[]) => void): Promise<void> {
    const { usable, refused } = takeUsable(change);
    const rejections = [...refused, ...(await this.#use(usable))];
    this.#refusals.note(change.type, rejections);
    done(rejections);
  }

  async #use(change: DiscoveryChange): Promise<readonly Rejection[]> {
    if (change.type === 'trust-bundle') return this.#options.identity.takeRoots(change);
    return this.#isFrozen ? [] : this.#apply(change);
  }

  /** Where the whole cannot be used, each is tried by itself: one bad resource never takes down another. */
  async #apply({ type, upserts, removals }: DiscoveryChange): Promise<readonly Rejection[]> {
    for (const resource of upserts) if (resource.type === 'gateway') this.#problem = resource.problem;
    const removed = removals.map((name) => snapshotKey({ type, name }));
    if ((await this.#tryApply(upserts, removed)) === '') return [];
    const rejections: Rejection[] = [];
    for (const resource of upserts) {
      // It may be half replaced by what fails.
      const good = this.#applier.snapshot.resources.get(snapshotKey(resource));
      const reason = await this.#tryApply([resource], []);
      if (reason === '') continue;
      rejections.push({ name: resource.name, reason });
      await (good === undefined ? this.#tryApply([], [snapshotKey(resource)]) : this.#tryApply([good], []));
    }
    for (const key of removed) await this.#tryApply([], [key]);
    return rejections;
  }

  /** @returns why the data plane cannot use it, or '' */
  async #tryApply(upserts: readonly SnapshotResource[], removals: readonly string[]): Promise<string> {
    const before = this.#applier.snapshot;
    const delta = { version: this.#discovery.status().version || 'saved', upserts, removals };
    try {
      const failures = await this.#applier.apply(delta);
      this.#applied += 1;
      this.#options.observer.changed(delta, before, failures);
      return '';
    } catch (error) {
      this.#rejected += 1;
      return error instanceof Error ? error.message : String(error);
    }
  }
}
