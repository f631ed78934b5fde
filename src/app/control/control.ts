import { flushCompileCache } from 'node:module';
import { createAdminServer, type AdminServer } from '#admin/server.ts';
import type { ReadyReport } from '#admin/sources.ts';
import { EXIT } from '#cli/command.ts';
import type { ControlOptions } from '#cli/control.ts';
import type { Terminal } from '#cli/terminal.ts';
import { BuiltInKeys } from '#control/authority/built-in-keys.ts';
import { CertificateAuthority } from '#control/authority/certificate-authority.ts';
import { JoinTokenAttestor } from '#control/authority/join-token-attestor.ts';
import { JoinTokens } from '#control/authority/join-tokens.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { StateLock } from '#control/authority/state-lock.ts';
import { SvidAttestor } from '#control/authority/svid-attestor.ts';
import { DeclaredObjects } from '#control/declared-objects.ts';
import { DirectoryWatcher } from '#control/sources/directory-watcher.ts';
import { readDirectory } from '#control/sources/directory.ts';
import { parseTrustDomain } from '#identity/trust-domain.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchProcess } from '#telemetry/process-metrics.ts';
import type { StopSignals } from '../stop-signals.ts';
import { ControlListener } from './control-listener.ts';
import { ControlNarrator } from './control-narrator.ts';
import { ControlPlane } from './control-plane.ts';
import { controlViews } from './control-views.ts';
import { IssuanceLog } from './issuance-log.ts';
import { issueOwnCredentials } from './own-identity.ts';
import { SavedWorkloads } from './saved-workloads.ts';

export interface ControlStart {
  /** Of the build. */
  readonly version: string;
  readonly signals: StopSignals;
}

/** How often the authority is asked whether something is due: its own certificate, an exchange of roots. */
const UPKEEP_MS = 60_000;

/**
 * Runs a control plane until the process is told to stop.
 *
 * @returns the exit code
 */
export async function control(options: ControlOptions, start: ControlStart, terminal: Terminal): Promise<number> {
  const narrator = new ControlNarrator(terminal);
  let run: ControlRun | undefined;
  try {
    run = new ControlRun(options, start.version, narrator);
    await run.start();
    // At once: a process that is killed does not get to it, and its next start would be slow again.
    flushCompileCache();
    await start.signals.first;
    narrator.stopped();
    return EXIT.ok;
  } catch (error) {
    // What cannot be opened at the start says itself what to do.
    narrator.complain(error instanceof Error ? error.message : String(error));
    return EXIT.failure;
  } finally {
    await run?.close();
  }
}

/** One life of `selvage control`. */
class ControlRun {
  readonly #options: ControlOptions;
  readonly #version: string;
  readonly #narrator: ControlNarrator;
  readonly #keys: BuiltInKeys;
  readonly #authority: CertificateAuthority;
  readonly #tokens: JoinTokens;
  readonly #control: ControlPlane;
  readonly #listener: ControlListener;
  readonly #log: IssuanceLog;
  readonly #saved: SavedWorkloads;
  readonly #lock: StateLock;
  readonly #objects = new DeclaredObjects();
  readonly #watcher: DirectoryWatcher;
  #admin: AdminServer | undefined;
  #upkeep: NodeJS.Timeout | undefined;
  #renewAtMs: number;

  /** @throws where the state folder cannot be used */
  constructor(options: ControlOptions, version: string, narrator: ControlNarrator) {
    const trustDomain = parseTrustDomain(options.trustDomain);
    if (trustDomain === undefined)
      throw new Error(`cannot use trust domain ${options.trustDomain}: give 1 to 255 of a-z, 0-9, ".", "-" and "_"`);
    const nowMs = Date.now();
    const folder = StateFolder.open(options.state);
    this.#lock = StateLock.acquire(folder);
    this.#options = options;
    this.#version = version;
    this.#narrator = narrator;
    this.#keys = BuiltInKeys.open(folder, trustDomain, options.svidLifetimeMs, nowMs);
    this.#authority = new CertificateAuthority({ keys: this.#keys, svidLifetimeMs: options.svidLifetimeMs });
    this.#tokens = JoinTokens.open(folder);
    this.#log = new IssuanceLog(folder);
    this.#saved = new SavedWorkloads(folder, (message) => narrator.complain(message));
    this.#control = new ControlPlane({
      authority: this.#authority,
      attestors: {
        'join-token': new JoinTokenAttestor(this.#tokens, trustDomain),
        svid: new SvidAttestor(trustDomain),
      },
      record: (record) => {
        this.#log.write(record);
        narrator.recorded(record);
      },
      compiled: (diagnostics, workloads) => {
        narrator.diagnosed(diagnostics);
        this.#saved.write(workloads);
      },
      failed: (message) => narrator.complain(message),
    });
    this.#control.restore(this.#saved.read());
    const credentials = issueOwnCredentials(this.#authority, nowMs);
    this.#renewAtMs = halfWay(nowMs, credentials.expiresAtMs);
    this.#listener = new ControlListener({
      credentials,
      trustDomain,
      serve: (peer) => this.#control.serve(peer),
      refused: (reason) => narrator.turnedAway(reason),
    });
    // Before the first reading, so that no change falls between the two.
    this.#watcher = new DirectoryWatcher(options.folder, () => this.#read());
  }

  /** @throws (rejects) where a port cannot be bound */
  async start(): Promise<void> {
    const { address, port } = this.#options;
    this.#read();
    const adminUrl = await this.#openAdmin();
    const bound = await this.#listener.listen(address, port).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `cannot bind ${address || '*'}:${port}: ${error.code ?? error.message} (choose another with --port)`,
      );
    });
    this.#upkeep = setInterval(() => this.#maintain(Date.now()), Math.min(UPKEEP_MS, this.#options.svidLifetimeMs / 4));
    this.#narrator.ready(this.#options, bound, this.#authority.bundle.trustDomain, adminUrl);
  }

  async close(): Promise<void> {
    clearInterval(this.#upkeep);
    this.#watcher.close();
    this.#control.close();
    this.#listener.close();
    await this.#admin?.close();
    this.#tokens.close();
    this.#lock.release();
  }

  #read(): void {
    try {
      const content = readDirectory(this.#options.folder);
      // A folder that cannot be read declares nothing; to say so would take from sidecars what they have.
      if (this.#control.mesh === undefined && content.files.length === 0 && content.unreadable.length > 0)
        return this.#narrator.diagnosed(content.unreadable);
      this.#control.declare(this.#objects.update(content));
    } catch (error) {
      // A defect of the compiler: what was published stays.
      this.#narrator.complain(`cannot compile what ${this.#options.folder} declares: ${String(error)}`);
    }
  }

  #maintain(nowMs: number): void {
    const hasChanged = this.#keys.advance(nowMs);
    if (!hasChanged && nowMs < this.#renewAtMs) return;
    try {
      const credentials = issueOwnCredentials(this.#authority, nowMs);
      this.#renewAtMs = halfWay(nowMs, credentials.expiresAtMs);
      this.#listener.renew(credentials);
    } catch (error) {
      this.#narrator.complain(error instanceof Error ? error.message : String(error));
    }
  }

  async #openAdmin(): Promise<string | undefined> {
    const { admin } = this.#options;
    if (admin === null) return undefined;
    const registry = new MetricRegistry();
    const totals = new MetricTotals();
    watchProcess(registry, this.#version);
    this.#admin = createAdminServer({
      host: admin.address,
      port: admin.port,
      sources: {
        ready: () => readiness(this.#control),
        async metrics() {
          totals.absorb('process', registry.collect());
          return totals.snapshot();
        },
        status: () => ({ proxies: this.#control.proxies, rotation: this.#keys.rotation }),
        snapshot: () => this.#control.mesh?.shared ?? null,
        version: () => this.#version,
        views: controlViews(this.#control, this.#log),
      },
    });
    const { port } = await this.#admin.listen();
    return `http://${admin.address.includes(':') ? `[${admin.address}]` : admin.address}:${port}`;
  }
}

function readiness({ mesh }: ControlPlane): ReadyReport {
  if (mesh !== undefined) return { ready: true, reasons: [] };
  return { ready: false, reasons: ['no documents could be read and compiled yet: no sidecar is admitted'] };
}

function halfWay(fromMs: number, toMs: number): number {
  return fromMs + (toMs - fromMs) / 2;
}
