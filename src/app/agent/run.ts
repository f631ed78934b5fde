import { createAdminServer, type AdminServer } from '#admin/server.ts';
import { EXIT } from '#cli/command.ts';
import type { RunOptions } from '#cli/run.ts';
import type { Terminal } from '#cli/terminal.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchEventLoop, watchProcess } from '#telemetry/process-metrics.ts';
import { Clock } from '#transport/clock.ts';
import { readJoin } from '../member/join-text.ts';
import { endFrugalStart } from '../frugal-start.ts';
import type { StopSignals } from '../stop-signals.ts';
import { Application, applicationEnvironment, captiveEnvironment } from './application.ts';
import type { ApplicationCapture } from './capture/capture.ts';
import { IdentityKeeper } from '../member/identity-keeper.ts';
import { identityView } from '../member/identity-view.ts';
import { PrivateFiles } from '../member/private-files.ts';
import { Readiness } from './readiness.ts';
import { Sidecar } from './sidecar.ts';

export interface RunStart {
  /** Of the build. */
  readonly version: string;
  readonly signals: StopSignals;
}

const USUAL_ADMIN_PORT = 15_020;
/** Others hear within it that they are to call somebody else; the control plane may be away. */
const FAREWELL_MS = 1000;

/**
 * Runs an application with its sidecar until the application ends.
 *
 * @returns the application's exit code
 */
export async function run(options: RunOptions, start: RunStart, terminal: Terminal): Promise<number> {
  const warn = (message: string): void => terminal.say(`${terminal.paintSaid('doubtful', 'selvage:')} ${message}`);
  const life = new RunLife(options, start, warn);
  try {
    return await life.run();
  } catch (error) {
    // What cannot be opened at the start says itself what to do.
    terminal.say(`${terminal.paintSaid('bad', 'selvage:')} ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failure;
  } finally {
    await life.close();
  }
}

/** One life of `selvage run`: joining → starting → serving → draining → closed. */
class RunLife {
  readonly #options: RunOptions;
  readonly #start: RunStart;
  readonly #warn: (message: string) => void;
  readonly #clock = new Clock();
  #capture: ApplicationCapture | null = null;
  #identity: IdentityKeeper | undefined;
  #sidecar: Sidecar | undefined;
  #readiness: Readiness | undefined;
  #admin: AdminServer | undefined;
  #phase: 'starting' | 'unready' | 'ready' | 'draining' = 'starting';

  constructor(options: RunOptions, start: RunStart, warn: (message: string) => void) {
    this.#options = options;
    this.#start = start;
    this.#warn = warn;
  }

  async run(): Promise<number> {
    const { signals } = this.#start;
    signals.onHangUp(() => this.#sidecar?.reopenLog());
    const stopped = signals.first.then(() => 'stopped' as const);
    const begun = this.#begin();
    // Else a failure after the signal would be nobody's.
    begun.catch(() => {});
    const sidecar = await Promise.race([begun, stopped]);
    if (sidecar === 'stopped') return EXIT.ok;
    const application = this.#startApplication(sidecar);
    this.#phase = 'unready';
    this.#readiness = new Readiness(
      this.#options.ports.map(({ port }) => port),
      (isReady) => this.#note(sidecar, isReady),
    );
    const outcome = await Promise.race([application.ended, stopped]);
    if (outcome !== 'stopped') {
      // Requests on their way here have reached nobody yet: their senders hear so, and ask others.
      await this.#drain(sidecar, FAREWELL_MS);
      return outcome;
    }
    await this.#drain(sidecar, this.#options.drainTimeoutMs);
    application.end();
    void signals.second.then(() => application.kill());
    return application.ended;
  }

  #startApplication(sidecar: Sidecar): Application {
    const { command, ports } = this.#options;
    const capture = this.#capture;
    const isServing = ports.length > 0;
    if (!isServing) this.#start.signals.leaveInterruptsToForeground();
    const environment = capture?.isWhole === true ? captiveEnvironment() : applicationEnvironment(sidecar.proxyPort);
    const common = { environment, isServing, failed: this.#warn };
    if (capture === null) return new Application({ ...common, command });
    const application = capture.startOutside(() => new Application({ ...common, command: capture.wrap(command) }));
    if (application.groupLeader !== undefined) capture.guard(application.groupLeader);
    void capture.lost.then((reason) => {
      this.#warn(`the application is ended, since it is not captured any more: ${reason}`);
      application.kill();
    });
    return application;
  }

  async close(): Promise<void> {
    this.#readiness?.close();
    this.#identity?.close();
    await Promise.all([this.#sidecar?.close(), this.#admin?.close()]);
    await this.#capture?.close();
    this.#clock.stop();
  }

  async #begin(): Promise<Sidecar> {
    const { control, namespace, serviceAccount, state } = this.#options;
    if (this.#options.capture.type !== 'none') {
      const { chooseCapture } = await import('./capture/choose-capture.ts');
      this.#capture = chooseCapture(this.#options, this.#warn);
    }
    const files = new PrivateFiles(state);
    const common = { files, clock: this.#clock, warn: this.#warn, capture: this.#capture };
    const join = readJoin(this.#options.token);
    this.#identity = await IdentityKeeper.open({ ...common, control, namespace, serviceAccount, join }).catch(
      (error: Error) => {
        throw new Error(`cannot join the mesh at ${control.host}:${control.port}: ${error.message}`, { cause: error });
      },
    );
    await this.#identity.start();
    const { version } = this.#start;
    this.#sidecar = new Sidecar({ ...common, run: this.#options, version, identity: this.#identity });
    await this.#openAdmin(this.#sidecar);
    await this.#sidecar.start();
    await this.#capture?.open(this.#sidecar);
    endFrugalStart();
    return this.#sidecar;
  }

  #note(sidecar: Sidecar, isReady: boolean): void {
    if (this.#phase === 'draining') return;
    this.#phase = isReady ? 'ready' : 'unready';
    void sidecar.report(this.#phase);
  }

  /** Others first stop calling; what is open then ends; the application, where it still runs, serves it. */
  async #drain(sidecar: Sidecar, timeoutMs: number): Promise<void> {
    await this.#sayFarewell(sidecar);
    const { second } = this.#start.signals;
    await Promise.race([sidecar.drainInbound(), wait(timeoutMs), second]);
  }

  /** Who says it is forgotten at once when it has gone. */
  async #sayFarewell(sidecar: Sidecar): Promise<void> {
    this.#phase = 'draining';
    this.#readiness?.close();
    await Promise.race([sidecar.report('draining'), wait(FAREWELL_MS), this.#start.signals.second]);
  }

  async #openAdmin(sidecar: Sidecar): Promise<void> {
    const { admin } = this.#options;
    if (admin === null) return;
    const wanted = admin.port === -1 ? USUAL_ADMIN_PORT : admin.port;
    try {
      this.#admin = await this.#listenAdmin(sidecar, admin.address, wanted);
    } catch (error) {
      // Several sidecars of one machine cannot all have the usual port.
      if (admin.port !== -1) throw error;
      this.#admin = await this.#listenAdmin(sidecar, admin.address, 0);
    }
  }

  async #listenAdmin(sidecar: Sidecar, host: string, port: number): Promise<AdminServer> {
    const { version } = this.#start;
    const totals = new MetricTotals();
    const registry = new MetricRegistry();
    watchProcess(registry, version);
    watchEventLoop(registry);
    const server = createAdminServer({
      host,
      port,
      sources: {
        ready: () => ({ ready: this.#phase === 'ready', reasons: this.#phase === 'ready' ? [] : [this.#phase] }),
        async metrics() {
          totals.absorb('main', { families: [...sidecar.metrics.collect().families, ...registry.collect().families] });
          return totals.snapshot();
        },
        status: () => ({
          phase: this.#phase,
          control: sidecar.failure,
          identity: this.#identity === undefined ? null : identityView(this.#identity.source),
          meshPort: sidecar.meshPort,
          proxyPort: sidecar.proxyPort,
          plain: sidecar.plainPlaces,
        }),
        snapshot: () => null,
        version: () => version,
      },
    });
    await server.listen();
    return server;
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // Something else keeps the process alive for as long as it is needed.
    setTimeout(resolve, ms).unref();
  });
}
