import { appendFileSync } from 'node:fs';
import type { IssuanceRecord } from '#control/authority/issuer.ts';
import type { StateFolder } from '#control/authority/state-folder.ts';

const FILE = 'issued.jsonl';
/** Kept for whoever asks; the file has all. */
const MAX_KEPT = 1000;

/** Who was certified and who was refused: one JSON line each in the state folder, the latest also in memory. */
export class IssuanceLog {
  readonly #path: string;
  #latest: readonly IssuanceRecord[] = [];

  /** @throws where other users may access the file */
  constructor(folder: StateFolder) {
    folder.ensure(FILE);
    this.#path = folder.pathOf(FILE);
  }

  /** The latest last. */
  get latest(): readonly IssuanceRecord[] {
    return this.#latest;
  }

  /** @throws where it cannot be written: then nothing is to be issued */
  write(record: IssuanceRecord): void {
    appendFileSync(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    this.#latest = [...this.#latest, record].slice(-MAX_KEPT);
  }
}
