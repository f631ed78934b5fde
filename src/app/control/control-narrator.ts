import { countDiagnostics, paintDiagnostic } from '#cli/diagnostics.ts';
import type { ControlOptions } from '#cli/control.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { IssuanceRecord } from '#control/authority/issuer.ts';
import { formatDiagnostic, type Diagnostic } from '#model/diagnostic.ts';

/** Tells whoever watches `selvage control` what happens. */
export class ControlNarrator {
  readonly #terminal: Terminal;
  #told: ReadonlySet<string> = new Set();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  ready(
    { folder, state, address }: ControlOptions,
    port: number,
    trustDomain: string,
    adminUrl: string | undefined,
  ): void {
    const { paintSaid } = this.#terminal;
    this.#say(`${paintSaid('strong', 'selvage')} controls the mesh ${trustDomain}, with what ${folder} declares`);
    this.#say(`  ${paintSaid('strong', `${address === '' ? '*' : address}:${port}`)}  sidecars, over TLS`);
    if (adminUrl !== undefined)
      this.#say(`  ${paintSaid('strong', adminUrl)}  admin: /workloads /services /certificates /readyz`);
    this.#say(`  ${paintSaid('strong', state)}  certificate authority and join tokens`);
    this.#say(`${paintSaid('good', 'ready')} after ${Math.round(performance.now())} ms; Ctrl-C stops`);
  }

  /** Says only what was not said before. */
  diagnosed(diagnostics: readonly Diagnostic[]): void {
    const lines = new Map(diagnostics.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic]));
    const fresh = [...lines].filter(([line]) => !this.#told.has(line)).map(([, diagnostic]) => diagnostic);
    for (const diagnostic of fresh) this.#say(`  ${paintDiagnostic(diagnostic, this.#terminal.paintSaid)}`);
    if (fresh.length > 0) this.#say(countDiagnostics(diagnostics) ?? '');
    this.#told = new Set(lines.keys());
  }

  recorded(record: IssuanceRecord): void {
    const { paintSaid } = this.#terminal;
    if (record.outcome === 'issued')
      this.#say(`${paintSaid('good', 'certified')} ${record.spiffeId} (${record.evidence})`);
    else this.#say(`${paintSaid('doubtful', 'refused')} ${record.spiffeId}: ${record.reason}`);
  }

  /** Somebody is not who they would have to be. */
  turnedAway(reason: string): void {
    this.#say(`${this.#terminal.paintSaid('doubtful', 'taken for nobody')} ${reason}`);
  }

  stopped(): void {
    this.#say('stopped');
  }

  complain(message: string): void {
    this.#say(`${this.#terminal.paintSaid('bad', 'selvage:')} ${message}`);
  }

  #say(line: string): void {
    this.#terminal.say(line);
  }
}
