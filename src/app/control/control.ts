import { flushCompileCache } from 'node:module';
import type { AdminServer } from '#admin/server.ts';
import { EXIT } from '#cli/command.ts';
import type { ControlOptions } from '#cli/control.ts';
import type { Terminal } from '#cli/terminal.ts';
import { openAdminToken } from '#control/authority/admin-token.ts';
import type { IssuanceRecord } from '#control/authority/issuer.ts';
import { JoinTokenAttestor } from '#control/authority/join-token-attestor.ts';
import { JoinTokens } from '#control/authority/join-tokens.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { StateLock } from '#control/authority/state-lock.ts';
import { SvidAttestor } from '#control/authority/svid-attestor.ts';
import { DeclaredObjects } from '#control/declared-objects.ts';
import { DirectoryWatcher } from '#control/sources/directory-watcher.ts';
import { readDirectory } from '#control/sources/directory.ts';
import { parseTrustDomain } from '#identity/trust-domain.ts';
import type { StopSignals } from '../stop-signals.ts';
import { createControlAdmin } from './control-admin.ts';
import { ControlListener } from './control-listener.ts';
import { ControlNarrator } from './control-narrator.ts';
import { ControlPlane } from './control-plane.ts';
import { EventLog } from './event-log.ts';
import { IssuanceLog } from './issuance-log.ts';
import { proxyTrust } from './proxy-trust.ts';
import { RunningAuthority } from './running-authority.ts';
import { RefusalBudget } from './refusal-budget.ts';
import { SavedWorkloads } from './saved-workloads.ts';

export interface ControlStart {
  /** Of the build. */
  readonly version: string;
  readonly signals: StopSignals;
}

/** How often it is looked whether the authority has something due: its own certificate, an exchange of roots, other files. */
const UPKEEP_MS = 1000;

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
  readonly #authority: RunningAuthority;
  readonly #tokens: JoinTokens;
  readonly #control: ControlPlane;
  readonly #listener: ControlListener;
  readonly #log: IssuanceLog;
  readonly #refusals = new RefusalBudget();
  readonly #strangers = new RefusalBudget();
  readonly #saved: SavedWorkloads;
  readonly #lock: StateLock;
  readonly #adminToken: string;
  readonly #objects = new DeclaredObjects();
  readonly #events = new EventLog();
  readonly #watcher: DirectoryWatcher;
  #admin: AdminServer | undefined;
  #upkeep: NodeJS.Timeout | undefined;

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
    this.#adminToken = openAdminToken(folder);
    this.#tokens = JoinTokens.open(folder);
    this.#log = new IssuanceLog(folder, nowMs);
    this.#authority = new RunningAuthority(
      {
        control: options,
        folder,
        trustDomain,
        changed: (authority) => this.#takeAuthority(authority),
        complain: (message) => narrator.complain(message),
        proxies: () => proxyTrust(this.#control, this.#log.book),
      },
      nowMs,
    );
    this.#saved = new SavedWorkloads(folder, (message) => narrator.complain(message));
    this.#control = new ControlPlane({
      authority: this.#authority.authority,
      attestors: {
        'join-token': new JoinTokenAttestor(this.#tokens, trustDomain),
        svid: new SvidAttestor(trustDomain),
      },
      noted: (kind, subject, text) => this.#events.note(kind, subject, text),
      record: (record) => this.#note(record),
      compiled: (diagnostics, workloads) => {
        narrator.diagnosed(diagnostics);
        this.#saved.write(workloads);
        this.#events.noteWorkloads(workloads);
      },
      failed: (message) => narrator.complain(message),
    });
    this.#control.restore(this.#saved.read());
    this.#control.publishTrust(this.#authority.renewal);
    this.#listener = new ControlListener({
      credentials: this.#authority.credentials,
      trustDomain,
      serve: (peer) => this.#control.serve(peer),
      refused: (reason) => {
        const told = this.#strangers.tell(reason, Date.now());
        if (told === undefined) return;
        narrator.turnedAway(told);
        this.#events.note('turned-away', '', told);
      },
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
    this.#upkeep = setInterval(() => this.#authority.maintain(Date.now()), UPKEEP_MS);
    this.#narrator.ready(this.#options, bound, this.#authority.authority.bundle.trustDomain, adminUrl);
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

  /** All that is issued, and as many refusals as anybody would read. */
  #note(record: IssuanceRecord): void {
    if (record.outcome === 'issued') return this.#write(record);
    const reason = this.#refusals.tell(record.reason, record.timeMs);
    if (reason !== undefined) this.#write({ ...record, reason });
  }

  #write(record: IssuanceRecord): void {
    this.#log.write(record);
    this.#events.noteIssuance(record);
    this.#narrator.recorded(record);
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

  /** Another certificate is to be shown, or others are to be believed. */
  #takeAuthority(authority: RunningAuthority): void {
    this.#listener.renew(authority.credentials);
    this.#events.note('roots', '', authority.summary);
    this.#control.publishTrust(authority.renewal);
  }

  async #openAdmin(): Promise<string | undefined> {
    const { admin } = this.#options;
    if (admin === null) return undefined;
    this.#admin = createControlAdmin(admin, {
      version: this.#version,
      control: this.#control,
      authority: this.#authority,
      log: this.#log,
      events: this.#events,
      adminToken: this.#adminToken,
    });
    const { port } = await this.#admin.listen();
    return `http://${admin.address.includes(':') ? `[${admin.address}]` : admin.address}:${port}`;
  }
}
