import { open, readFile, rename } from 'node:fs/promises';
import { decodeSavedCopy, type RestoredCopy } from './saved-copy.ts';

/** Reads a saved copy. Where there is none, or none of use, the reason is given and the proxy starts without. */
export async function readSavedCopy(path: string, owner: string): Promise<RestoredCopy> {
  try {
    return decodeSavedCopy(owner, await readFile(path));
  } catch (error) {
    return { usable: false, reason: `cannot read ${path}: ${codeOf(error)}` };
  }
}

/**
 * Keeps a saved copy in a file, one write at a time: what changes meanwhile is written once, afterwards. The file is
 * replaced as a whole, so that a crash leaves the old one or the new one. It may hold private keys: mode 0600.
 */
export class SavedCopyFile {
  readonly #path: string;
  readonly #encode: () => Buffer;
  readonly #failed: (reason: string) => void;
  #writing: Promise<void> | null = null;
  #changed = false;

  /**
   * @param encode what is to be written, asked when it is
   * @param failed told that it could not be written; it is tried again with the next change
   */
  constructor(path: string, encode: () => Buffer, failed: (reason: string) => void) {
    this.#path = path;
    this.#encode = encode;
    this.#failed = failed;
  }

  /** What is in the file is old. */
  changed(): void {
    this.#changed = true;
    this.#writing ??= this.#writeAll();
  }

  /** @returns settles when all changes are in the file, or could not be written */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#changed) {
      await Promise.resolve(); // what changes in the same turn is written together
      this.#changed = false;
      try {
        await this.#write(this.#encode());
      } catch (error) {
        this.#failed(`cannot write ${this.#path}: ${codeOf(error)}`);
      }
    }
    this.#writing = null;
  }

  async #write(octets: Buffer): Promise<void> {
    const draft = `${this.#path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(octets);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
