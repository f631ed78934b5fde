import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CertificateBook } from '#control/authority/certificate-book.ts';
import type { IssuanceRecord } from '#control/authority/issuer.ts';
import type { StateFolder } from '#control/authority/state-folder.ts';

const FILE = 'issued.jsonl';
/** As much of the file's end is read at the start: what was issued lately is then known again. */
const TAIL_BYTES = 8 * 1024 * 1024;

/** Who was certified and who was refused: one JSON line each in the state folder. */
export class IssuanceLog {
  readonly #path: string;
  /** Of the SVIDs that have not expired. */
  readonly book = new CertificateBook();

  /** @throws where other users may access the file */
  constructor(folder: StateFolder, nowMs: number) {
    folder.ensure(FILE);
    this.#path = folder.pathOf(FILE);
    for (const line of readTail(this.#path).split('\n')) {
      const record = parseRecord(line);
      if (record !== undefined) this.book.note(record, nowMs);
    }
  }

  /** @throws where it cannot be written: then nothing is to be issued */
  write(record: IssuanceRecord): void {
    appendFileSync(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    this.book.note(record, record.timeMs);
  }
}

function readTail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const octets = readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.subarray(0, octets).toString();
  } finally {
    closeSync(file);
  }
}

/** @returns undefined for a line that was cut, by a crash or by where the tail begins */
function parseRecord(line: string): IssuanceRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<Record<string, unknown>> | null;
    const isRecord = typeof record?.['timeMs'] === 'number' && typeof record['spiffeId'] === 'string';
    return isRecord ? (record as unknown as IssuanceRecord) : undefined;
  } catch {
    return undefined;
  }
}
