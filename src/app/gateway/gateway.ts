import { EXIT } from '#cli/command.ts';
import type { GatewayCommandOptions } from '#cli/gateway.ts';
import type { Terminal } from '#cli/terminal.ts';
import { Clock } from '#transport/clock.ts';
import { openUsualAdmin, type Admin, type Phase } from '../admin.ts';
import type { DataPlane } from '../data-plane.ts';
import { drainWithin } from '../drain-within.ts';
import { IdentityKeeper } from '../member/identity-keeper.ts';
import { readJoin } from '../member/join-text.ts';
import { PrivateFiles } from '../member/private-files.ts';
import { StateReport } from '../member/state-report.ts';
import { endFrugalStart } from '../frugal-start.ts';
import type { StopSignals } from '../stop-signals.ts';
import { GatewayNarrator } from './gateway-narrator.ts';
import { createMeshDataPlane } from './mesh-data-plane.ts';
import { ServedGateway } from './served-gateway.ts';

export interface GatewayStart {
  /** Of the build. */
  readonly version: string;
  readonly signals: StopSignals;
}

/** The control plane hears within it that this gateway ends; it may be away. */
const FAREWELL_MS = 1000;
/** How often it is looked whether the control plane can be spoken to. */
const WATCH_MS = 250;

/**
 * Serves a Gateway of a mesh until the process is told to stop.
 *
 * ```
 *  IdentityKeeper ───► DataPlane (this thread, or workers)
 *        │                 ▲
 *        │           ServedGateway ◄─ DiscoveryClient ◄─► control plane
 *        └── dials ────────┴───────────────┘
 * ```
 *
 * @returns the exit code
 */
export async function gateway(
  options: GatewayCommandOptions,
  start: GatewayStart,
  terminal: Terminal,
): Promise<number> {
  const narrator = new GatewayNarrator(options, terminal);
  const life = new GatewayLife(options, start, narrator);
  try {
    await life.run();
    return EXIT.ok;
  } catch (error) {
    // What cannot be opened at the start says itself what to do.
    narrator.complain(error instanceof Error ? error.message : String(error));
    return EXIT.failure;
  } finally {
    await life.close();
  }
}

/** One life of `selvage gateway`: joining → starting → ready → draining → closed. */
class GatewayLife {
  readonly #options: GatewayCommandOptions;
  readonly #start: GatewayStart;
  readonly #narrator: GatewayNarrator;
  readonly #clock = new Clock();
  #identity: IdentityKeeper | undefined;
  #dataPlane: DataPlane | undefined;
  #served: ServedGateway | undefined;
  #report: StateReport | undefined;
  #admin: Admin | undefined;
  #watch: NodeJS.Timeout | undefined;
  #phase: Phase = 'starting';

  constructor(options: GatewayCommandOptions, start: GatewayStart, narrator: GatewayNarrator) {
    this.#options = options;
    this.#start = start;
    this.#narrator = narrator;
  }

  async run(): Promise<void> {
    const { signals } = this.#start;
    const stopped = signals.first.then(() => 'stopped' as const);
    const begun = this.#begin();
    // Else a failure after the signal would be nobody's.
    begun.catch(() => {});
    if ((await Promise.race([begun, stopped])) === 'stopped') return;
    endFrugalStart();
    await signals.first;
    await this.#drain();
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#identity?.close();
    this.#report?.close();
    await Promise.all([this.#served?.close(), this.#dataPlane?.close(), this.#admin?.close()]);
    this.#clock.stop();
  }

  async #begin(): Promise<void> {
    const { id } = this.#options;
    const files = new PrivateFiles(this.#options.state);
    const identity = await this.#join(files);
    const dataPlane = await createMeshDataPlane(this.#options, identity.source, (message) =>
      this.#narrator.complain(message),
    );
    this.#dataPlane = dataPlane;
    this.#start.signals.onHangUp(() => dataPlane.reopenLog());
    this.#report = new StateReport(id, identity, this.#clock);
    this.#served = new ServedGateway({
      command: this.#options,
      version: this.#start.version,
      identity,
      files,
      clock: this.#clock,
      dataPlane,
      state: () => this.#report?.state ?? 'unready',
      observer: {
        changed: (delta, before, failures) => {
          if (this.#phase === 'ready') this.#narrator.changed(delta, before);
          this.#narrator.failed(failures);
          this.#settle();
        },
        recovered: (listeners) => {
          this.#narrator.recovered(listeners);
          this.#settle();
        },
        warn: (message) => this.#narrator.warn(message),
      },
    });
    this.#admin = await this.#openAdmin(this.#served, dataPlane);
    await this.#served.start();
    this.#watch = setInterval(() => this.#watchControl(), WATCH_MS).unref();
  }

  async #join(files: PrivateFiles): Promise<IdentityKeeper> {
    const { control, namespace, serviceAccount, token } = this.#options;
    const warn = (message: string): void => this.#narrator.warn(message);
    const options = { control, namespace, serviceAccount, join: readJoin(token), files, clock: this.#clock, warn };
    this.#identity = await IdentityKeeper.open(options).catch((error: Error) => {
      throw new Error(`cannot join the mesh at ${control.host}:${control.port}: ${error.message}`, { cause: error });
    });
    await this.#identity.start();
    return this.#identity;
  }

  async #openAdmin(served: ServedGateway, dataPlane: DataPlane): Promise<Admin | undefined> {
    const { admin } = this.#options;
    if (admin === null) return undefined;
    return openUsualAdmin(admin, { version: this.#start.version, phase: () => this.#phase, dataPlane, served });
  }

  /** Finds out whether it serves now: everything that is known was applied, and something is bound. */
  #settle(): void {
    const [served, dataPlane] = [this.#served, this.#dataPlane];
    if (served === undefined || dataPlane === undefined || this.#phase === 'draining') return;
    this.#narrator.problem(served.problem ?? '');
    const serves = served.problem === null && dataPlane.bound.length > 0;
    if (serves && this.#phase === 'starting') {
      this.#phase = 'ready';
      const principal = this.#identity?.source.current?.svid.spiffeId.uri ?? '';
      this.#narrator.ready(served.snapshot, served.failures, principal, this.#admin?.url);
    }
    void this.#report?.report(serves ? 'ready' : 'unready');
  }

  /** Tells when the control plane cannot be spoken to, and when that is over. */
  #watchControl(): void {
    const { host, port } = this.#options.control;
    const failure = this.#served?.failure ?? '';
    this.#narrator.control(`${host}:${port}`, failure, this.#served?.problem !== undefined);
  }

  /** Load balancers in front see that it is not ready any more; what is open ends. */
  async #drain(): Promise<void> {
    this.#phase = 'draining';
    const { drainTimeoutMs } = this.#options;
    const { second } = this.#start.signals;
    this.#narrator.draining(drainTimeoutMs);
    this.#served?.freeze();
    const drained = drainWithin(this.#dataPlane!, drainTimeoutMs, second);
    await Promise.race([this.#report?.report('draining'), wait(FAREWELL_MS), second]);
    this.#narrator.drained(await drained);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // Something else keeps the process alive for as long as it is needed.
    setTimeout(resolve, ms).unref();
  });
}
