import { countDiagnostics, paintDiagnostic } from '#cli/diagnostics.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { UpOptions } from '#cli/up.ts';
import { describeChange, describeFailure, describeServing } from '#cli/up-report.ts';
import type { Diagnostic } from '#model/diagnostic.ts';
import { formatDiagnostic } from '#model/diagnostic.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import type { Reload, ServedFolderObserver } from './served-folder.ts';

/** Tells whoever watches `selvage up` what happens, in as few lines as that takes. */
export class UpNarrator implements ServedFolderObserver {
  readonly #options: UpOptions;
  readonly #terminal: Terminal;
  #isFirst = true;
  #fileCount = 0;
  /** Lines of the problems that were told already. */
  #told: ReadonlySet<string> = new Set();

  constructor(options: UpOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
  }

  reloaded(reload: Reload): void {
    if (this.#isFirst) this.#tellProblems(reload.diagnostics);
    else this.#tellChange(reload);
    this.#isFirst = false;
    this.#fileCount = reload.fileCount;
  }

  failed(reason: string): void {
    const { folder } = this.#options;
    const after = this.#isFirst ? '' : ' (what was served before still is)';
    this.complain(`cannot apply what ${folder} declares${after}: ${reason}`);
  }

  recovered(listeners: readonly string[]): void {
    for (const listener of listeners)
      this.#say(`${this.#good('bound')} listener ${listener}: its port has become free`);
  }

  /** Says what serves where. */
  ready(snapshot: Snapshot, failures: Reload['failures'], adminUrl: string | undefined): void {
    const paint = this.#terminal.paintSaid;
    this.#say(`${paint('strong', 'selvage')} serves ${this.#options.folder}`);
    this.#say('');
    for (const line of describeServing(snapshot, failures, paint)) this.#say(line);
    this.#tellFailures(failures);
    if (adminUrl !== undefined) this.#say(`  ${paint('strong', adminUrl)}  admin: /metrics /status /snapshot /readyz`);
    this.#say('');
    // Since the start of the process.
    const afterMs = Math.round(performance.now());
    this.#say(`${this.#good('ready')} after ${afterMs} ms; saved changes are applied at once; Ctrl-C stops`);
  }

  /** Says why there is nothing to stay for. */
  nothingServed(snapshot: Snapshot, failures: Reload['failures']): void {
    this.#tellFailures(failures);
    // That the folder could not be compiled at all is said already.
    if (!this.#isFirst)
      this.complain(`nothing to serve from ${this.#options.folder}: ${this.#reasonForNothing(snapshot, failures)}`);
  }

  draining(timeoutMs: number): void {
    this.#say(`stopping: open requests may finish (at most ${timeoutMs / 1000} s; Ctrl-C again does not wait)`);
  }

  drained(outcome: 'finished' | 'timeout' | 'interrupted'): void {
    const words = {
      finished: 'stopped',
      timeout: 'stopped: the time to finish was over',
      interrupted: 'stopped at once',
    };
    this.#say(words[outcome]);
  }

  /** Says what went wrong. */
  complain(message: string): void {
    this.#say(`${this.#terminal.paintSaid('bad', 'selvage:')} ${message}`);
  }

  #tellChange({ delta, before, diagnostics, failures, durationMs }: Reload): void {
    const change = describeChange(delta, (key) => before.resources.has(key));
    const problems = countDiagnostics(diagnostics);
    const rest = problems === undefined ? '' : `; ${this.#terminal.paintSaid('doubtful', problems)}`;
    this.#say(`${this.#good('reloaded')} in ${Math.round(durationMs)} ms: ${change}${rest}`);
    this.#tellProblems(diagnostics);
    this.#tellFailures(failures);
  }

  /** Only what was not told before: a problem that stays is counted in the summary. */
  #tellProblems(diagnostics: readonly Diagnostic[]): void {
    const lines = new Map(diagnostics.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic]));
    for (const [line, diagnostic] of lines) {
      if (!this.#told.has(line)) this.#say(`  ${paintDiagnostic(diagnostic, this.#terminal.paintSaid)}`);
    }
    this.#told = new Set(lines.keys());
  }

  #tellFailures(failures: Reload['failures']): void {
    for (const failure of failures) this.complain(describeFailure(failure));
  }

  #reasonForNothing({ resources }: Snapshot, failures: Reload['failures']): string {
    if (failures.length > 0) return 'no listener could be bound';
    if (this.#fileCount === 0) return 'it holds no documents (*.yaml, *.yml or *.json)';
    if ([...resources.values()].some(({ type }) => type === 'listener')) return 'no listener is usable';
    return 'it declares no Gateway with a listener that can be used (selvage validate tells all that is wrong)';
  }

  #good(text: string): string {
    return this.#terminal.paintSaid('good', text);
  }

  #say(line: string): void {
    this.#terminal.say(line);
  }
}
