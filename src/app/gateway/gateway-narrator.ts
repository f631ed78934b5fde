import type { GatewayCommandOptions } from '#cli/gateway.ts';
import type { Terminal } from '#cli/terminal.ts';
import { describeChange, describeFailure, describeServing } from '#cli/up-report.ts';
import type { Snapshot, SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ApplyReport } from '#proxy/listener-set.ts';
import type { DrainOutcome } from '../drain-within.ts';

/** Workloads come and go all the time; that is told by `selvage get` and by metrics. */
const UNTOLD: ReadonlySet<string> = new Set(['cluster', 'endpoints', 'gateway']);

/** Tells whoever watches `selvage gateway` what happens. */
export class GatewayNarrator {
  readonly #title: string;
  readonly #terminal: Terminal;
  #toldProblem = '';
  #toldFailure = '';
  #toldFailures: ReadonlySet<string> = new Set();

  constructor({ namespace, name }: GatewayCommandOptions, terminal: Terminal) {
    this.#title = `Gateway ${namespace}/${name}`;
    this.#terminal = terminal;
  }

  /** Says what serves where. */
  ready(
    { resources, version }: Snapshot,
    failures: ApplyReport['failures'],
    principal: string,
    adminUrl: string | undefined,
  ): void {
    const paint = this.#terminal.paintSaid;
    this.#say(`${paint('strong', 'selvage')} serves ${this.#title} as ${principal}`);
    this.#say('');
    for (const line of describeServing({ version, resources }, failures, paint)) this.#say(line);
    if (adminUrl !== undefined) this.#say(`  ${paint('strong', adminUrl)}  admin: /metrics /status /snapshot /readyz`);
    this.#say('');
    // Since the start of the process.
    const afterMs = Math.round(performance.now());
    this.#say(`${paint('good', 'ready')} after ${afterMs} ms; changes are applied at once; Ctrl-C stops`);
  }

  /** Something else is served. */
  changed({ version, upserts, removals }: SnapshotDelta, before: Snapshot): void {
    const told = {
      version,
      upserts: upserts.filter(({ type }) => !UNTOLD.has(type)),
      removals: removals.filter((key) => !UNTOLD.has(key.slice(0, key.indexOf(' ')))),
    };
    if (told.upserts.length + told.removals.length === 0) return;
    this.#say(
      `${this.#terminal.paintSaid('good', 'changed')} ${describeChange(told, (key) => before.resources.has(key))}`,
    );
  }

  /** Listeners could not be bound. Says only what was not said before. */
  failed(failures: ApplyReport['failures']): void {
    const lines = failures.map(describeFailure);
    for (const line of lines) if (!this.#toldFailures.has(line)) this.complain(line);
    this.#toldFailures = new Set(lines);
  }

  recovered(listeners: readonly string[]): void {
    for (const listener of listeners)
      this.#say(`${this.#terminal.paintSaid('good', 'bound')} listener ${listener}: its port has become free`);
  }

  /** Why nothing is served; '' where that is over. Says only what is new. */
  problem(problem: string): void {
    if (problem !== '' && problem !== this.#toldProblem) this.complain(`cannot serve ${this.#title}: ${problem}`);
    this.#toldProblem = problem;
  }

  /**
   * How it stands with the control plane. Says only what is new.
   *
   * @param failure '' while all is well
   * @param serves whether there is something to go on with
   */
  control(place: string, failure: string, serves: boolean): void {
    const isAway = failure !== '';
    // While it is away, each attempt may fail in another way: that is of interest only to whoever waits for the first answer.
    if (isAway ? failure === this.#toldFailure || (serves && this.#toldFailure !== '') : this.#toldFailure === '')
      return;
    this.#toldFailure = failure;
    if (!isAway)
      return this.#say(`${this.#terminal.paintSaid('good', 'served')} by the control plane at ${place} again`);
    const outcome = serves ? 'what it has said stays in use' : 'there is nothing to serve yet';
    this.warn(`not served by the control plane at ${place}: ${failure} (${outcome}; trying again)`);
  }

  draining(timeoutMs: number): void {
    this.#say(`stopping: open requests may finish (at most ${timeoutMs / 1000} s; Ctrl-C again does not wait)`);
  }

  drained(outcome: DrainOutcome): void {
    const words = {
      finished: 'stopped',
      timeout: 'stopped: the time to finish was over',
      interrupted: 'stopped at once',
    };
    this.#say(words[outcome]);
  }

  warn(message: string): void {
    this.#say(`${this.#terminal.paintSaid('doubtful', 'selvage:')} ${message}`);
  }

  complain(message: string): void {
    this.#say(`${this.#terminal.paintSaid('bad', 'selvage:')} ${message}`);
  }

  #say(line: string): void {
    this.#terminal.say(line);
  }
}
