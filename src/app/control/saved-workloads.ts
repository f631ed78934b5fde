import type { StateFolder } from '#control/authority/state-folder.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { readCheckedDocument, writeCheckedDocument } from '#identity/checked-document.ts';

const FILE = 'workloads';
const KIND = 'selvage-workloads';
const VERSION = 1;

/** The workloads that ran last, for the next life of this control plane. */
export class SavedWorkloads {
  readonly #folder: StateFolder;
  readonly #failed: (message: string) => void;
  #written = '';

  /** @param failed told why it could not be written or read: the mesh works without */
  constructor(folder: StateFolder, failed: (message: string) => void) {
    this.#folder = folder;
    this.#failed = failed;
  }

  /** @returns none where nothing usable was saved */
  read(): readonly LiveWorkload[] {
    try {
      const document = readCheckedDocument(
        this.#folder.read(FILE) ?? writeCheckedDocument(KIND, VERSION, []),
        KIND,
        VERSION,
      );
      if (!('fault' in document)) return document.body as readonly LiveWorkload[];
      this.#failed(`cannot use the saved workloads: ${document.fault} (they come back by themselves)`);
    } catch (error) {
      this.#failed(`cannot read the saved workloads: ${error instanceof Error ? error.message : String(error)}`);
    }
    return [];
  }

  write(workloads: readonly LiveWorkload[]): void {
    const text = writeCheckedDocument(KIND, VERSION, workloads);
    if (text === this.#written) return;
    try {
      this.#folder.write(FILE, text);
      this.#written = text;
    } catch (error) {
      this.#failed(`cannot save the workloads: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
