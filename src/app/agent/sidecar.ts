import { announce } from '#control/registry/announcement.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import type { RunOptions } from '#cli/run.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import { Inbound, MESH_PORT } from '#proxy/inbound.ts';
import type { OpenPlainListener, PlainListener } from '#proxy/mesh/plain-listener.ts';
import { Outbound, type Capture, type RunningCapture } from '#proxy/outbound.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { BindError } from '#transport/bind.ts';
import type { Clock } from '#transport/clock.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import { DiscoveryClient } from '#xds/discovery-client.ts';
import { afterOnClock, connectDiscovery } from '#xds/discovery-transport.ts';
import type { NodeIdentity } from '#xds/messages.ts';
import type { Rejection } from '#xds/rejection.ts';
import { encodeSavedCopy } from '#xds/saved-copy.ts';
import { SavedCopyFile } from '#xds/saved-copy-file.ts';
import { ControlWatch } from '../member/control-watch.ts';
import type { IdentityKeeper } from '../member/identity-keeper.ts';
import type { PrivateFiles } from '../member/private-files.ts';
import { RefusalLog } from '../member/refusal-log.ts';
import { restoreSaved } from '../member/restore-saved.ts';
import { StateReport } from '../member/state-report.ts';
import type { ApplicationCapture, CapturingSidecar } from './capture/capture.ts';
import { accepts } from './application.ts';
import { PlainPorts } from './plain-ports.ts';
import { takeUsable } from '../member/usable-change.ts';
import { ServiceDemand } from './service-demand.ts';

export interface SidecarOptions {
  readonly run: RunOptions;
  /** Of the build. */
  readonly version: string;
  readonly identity: IdentityKeeper;
  readonly files: PrivateFiles;
  readonly clock: Clock;
  /** Follows what this takes; null where the application is captured by nothing. */
  readonly capture: ApplicationCapture | null;
  readonly warn: (message: string) => void;
}

const COPY = 'discovery';
/** How often it is looked whether the control plane has said what this workload serves. */
const SYNC_POLL_MS = 20;

/**
 * One workload's sidecar, in this process:
 *
 * ```
 *  IdentityKeeper ──► Inbound ◄─ workload ─┐
 *        │       └──► Outbound ◄ services ─┤ ServiceDemand ◄─► DiscoveryClient ◄─► control plane
 *        └── dials ────────────────────────┴──────────────────────────┘
 * ```
 */
export class Sidecar implements CapturingSidecar {
  readonly metrics = new RequestMetrics();
  readonly #options: SidecarOptions;
  readonly #accessLog: AccessLog;
  readonly #outbound: Outbound;
  #inbound: Inbound;
  readonly #demand: ServiceDemand;
  readonly #discovery: DiscoveryClient;
  readonly #copy: SavedCopyFile;
  readonly #stateReport: StateReport;
  readonly #plainPorts: PlainPorts;
  readonly #refusals: RefusalLog;
  #watch: ControlWatch | undefined;
  #isClosed = false;

  constructor(options: SidecarOptions) {
    const { run, identity, clock, files, warn } = options;
    this.#options = options;
    this.#accessLog = new AccessLog(run.accessLog);
    this.#stateReport = new StateReport(run.id, identity, clock);
    this.#refusals = new RefusalLog(warn, () => clock.now());
    this.#inbound = this.#createInbound(run.meshPort ?? MESH_PORT);
    this.#plainPorts = new PlainPorts({
      address: () => this.#address,
      accepts,
      serve: (listener) => this.#inbound.servePlain(listener),
      warn,
    });
    this.#outbound = new Outbound({
      identity: identity.source,
      metrics: this.metrics,
      accessLog: this.#accessLog,
      proxy: { address: '127.0.0.1', port: run.proxyPort },
      discover: (authority) => this.#demand.demand(authority),
      mayBeService: (authority) => this.#demand.mayBeService(authority),
    });
    this.#copy = new SavedCopyFile(
      files.pathOf(COPY),
      () => encodeSavedCopy(this.#owner, this.#discovery.resources()),
      warn,
    );
    this.#discovery = new DiscoveryClient(
      { node: this.#createNode(), wildcardTypes: ['workload', 'authorization', 'trust-bundle'] },
      {
        connect: connectDiscovery(identity.dial, identity.authority, clock),
        apply: (change, done) => void this.#take(change, done),
        changed: () => this.#copy.changed(),
        after: afterOnClock(clock),
        nowMs: () => clock.now(),
      },
    );
    this.#demand = new ServiceDemand({
      subscribe: (type, name, observer) => this.#discovery.subscribe(type, name, observer),
      namespace: run.namespace,
      apply: (delta) => this.#apply(delta),
      isAway: () => this.#isControlAway,
      refused: ({ type, name }, reason) => this.#refusals.note(type, [{ name, reason }]),
    });
  }

  get proxyPort(): number {
    return this.#outbound.proxyPort;
  }

  get meshPort(): number {
    return this.#inbound.port;
  }

  /** Where callers without an identity are served, as in `10.0.0.5:8080`. */
  get plainPlaces(): readonly string[] {
    return this.#plainPorts.places;
  }

  /** Whether it has been told what it serves, now or in its last life. */
  get isReady(): boolean {
    return this.#discovery.synced || [...this.#discovery.resources()].some(({ type }) => type === 'workload');
  }

  /** Why the control plane cannot be spoken to; '' while all is well. */
  get failure(): string {
    return this.#discovery.status().failure;
  }

  /** Whether the control plane was asked and did not answer: not while the first answer may be on its way. */
  get #isControlAway(): boolean {
    const { state, failure } = this.#discovery.status();
    return state !== 'open' && failure !== '';
  }

  /**
   * Accepts connections, and begins to talk to the control plane.
   *
   * @returns when it knows what it serves
   * @throws (rejects) where a port cannot be bound
   */
  async start(): Promise<void> {
    await Promise.all([this.#openInbound(), this.#outbound.open()]);
    const { files, warn } = this.#options;
    this.#discovery.restore(await restoreSaved(files, COPY, this.#owner, warn));
    this.#discovery.start();
    this.#watch = new ControlWatch(() => this.failure, this.#options.warn);
    while (!this.isReady && !this.#isClosed) {
      this.#watch.tell();
      await new Promise((resolve) => setTimeout(resolve, SYNC_POLL_MS));
    }
  }

  /** Tells the control plane how the workload is, until it has heard it or something newer is to be told. */
  report(state: LiveWorkload['state']): Promise<void> {
    // Where all that comes is captured, so is what comes from callers without an identity.
    if (state === 'ready' && this.#options.capture?.isWhole !== true) this.#plainPorts.start();
    return this.#stateReport.report(state);
  }

  capture(capture: Capture): Promise<RunningCapture> {
    return this.#outbound.capture(capture);
  }

  servePlain(listener: PlainListener): Promise<OpenPlainListener> {
    return this.#inbound.servePlain(listener);
  }

  demand(authority: string): Promise<void> | null {
    return this.#demand.demand(authority);
  }

  mayBeService(authority: string): boolean {
    return this.#demand.mayBeService(authority);
  }

  /** Finishes what is open. @returns when the last connection from other sidecars has gone */
  drainInbound(): Promise<void> {
    this.#plainPorts.close();
    return this.#inbound.drain();
  }

  /** Opens the access log by its name again, as after a log rotation. */
  reopenLog(): void {
    this.#accessLog.reopen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#plainPorts.close();
    this.#watch?.close();
    this.#stateReport.close();
    this.#discovery.stop();
    this.#inbound.destroy();
    this.#outbound.destroy();
    await Promise.all([this.#copy.flushed(), this.#accessLog.close()]);
  }

  /** Where others reach this machine. */
  get #address(): string {
    return this.#options.run.address ?? this.#options.identity.localAddress;
  }

  get #owner(): string {
    return `${this.#options.identity.source.current?.svid.spiffeId.uri ?? ''} ${this.#options.run.id}`;
  }

  /** Metadata is what is true when a connection is made. */
  #createNode(): NodeIdentity {
    const { run, version } = this.#options;
    const metadata = (): NodeIdentity => {
      const { id, namespace, service, zone, ports } = run;
      const address = this.#address;
      return announce(
        { id, namespace, service, zone, ports, address, meshPort: this.meshPort, state: this.#stateReport.state },
        version,
      );
    };
    return {
      id: run.id,
      service: run.service === '' ? '' : `${run.namespace}/${run.service}`,
      zone: run.zone,
      version,
      get metadata() {
        return metadata().metadata;
      },
    };
  }

  #createInbound(port: number): Inbound {
    const { identity, warn } = this.#options;
    return new Inbound({ identity: identity.source, metrics: this.metrics, accessLog: this.#accessLog, port, warn });
  }

  /** Several sidecars of one machine cannot all have the usual port, and need not: others are told which it is. */
  async #openInbound(): Promise<void> {
    try {
      await this.#inbound.open();
    } catch (error) {
      const mayMove =
        this.#options.run.meshPort === undefined && error instanceof BindError && error.code === 'EADDRINUSE';
      if (!mayMove) throw error;
      this.#inbound.destroy();
      this.#inbound = this.#createInbound(0);
      await this.#inbound.open();
    }
  }

  async #take(change: DiscoveryChange, done: (rejections: readonly Rejection[]) => void): Promise<void> {
    if (change.type === 'trust-bundle') return done(this.#options.identity.takeRoots(change));
    const { usable, refused } = takeUsable(change);
    this.#refusals.note(change.type, refused);
    const unfit = await this.#demand
      .take(usable)
      .catch((error: unknown) => usable.upserts.map(({ name }) => ({ name, reason: String(error) })));
    done([...refused, ...unfit]);
  }

  async #apply(delta: SnapshotDelta): Promise<void> {
    await Promise.all([this.#inbound.apply(delta), this.#outbound.apply(delta)]);
    if (delta.removals.some((key) => key.startsWith('workload '))) this.#plainPorts.update([]);
    for (const resource of delta.upserts) if (resource.type === 'workload') this.#plainPorts.update(resource.ports);
    await this.#options.capture?.take(delta);
  }
}
