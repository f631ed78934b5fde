import type { StateFolder } from '#control/authority/state-folder.ts';
import type { LivePort, LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { readCheckedDocument, writeCheckedDocument } from '#identity/checked-document.ts';
import { fields, list, number, oneOf, orAbsent, port, text } from '#model/snapshot/shape/check.ts';

const FILE = 'workloads';
const KIND = 'selvage-workloads';
const VERSION = 1;

/** Says what is wrong with them: whoever counts them takes them as they are. */
const problemWith = list(
  fields<LiveWorkload>({
    id: text,
    principal: text,
    namespace: text,
    serviceAccount: text,
    service: text,
    gateway: orAbsent(text),
    address: text,
    meshPort: number,
    zone: text,
    ports: list(fields<LivePort>({ port, protocol: oneOf('http', 'http2', 'tcp') })),
    state: oneOf('ready', 'unready', 'draining'),
  }),
);

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
      const fault = 'fault' in document ? document.fault : problemWith(document.body);
      if (!('fault' in document) && fault === '') return document.body as readonly LiveWorkload[];
      this.#failed(`cannot use the saved workloads: ${fault.trim()} (they come back by themselves)`);
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
