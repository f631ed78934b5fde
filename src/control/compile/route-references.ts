import type { Path } from '#model/field-path.ts';
import type { Problem } from '../status.ts';
import { clusterName, resolveBackend, type BackendReference, type ClusterTarget } from './backends.ts';
import { error, warning, type Finding } from './finding.ts';
import type { Lookups } from './inventory.ts';
import type { Referrer } from './reference-grants.ts';

/** Follows what one route refers to, and keeps what it found. */
export class RouteReferences {
  readonly targets = new Map<string, ClusterTarget>();
  readonly problems: Problem[] = [];
  readonly findings: Finding[] = [];
  readonly #from: Referrer;
  readonly #lookups: Lookups;

  constructor(from: Referrer, lookups: Lookups) {
    this.#from = from;
    this.#lookups = lookups;
  }

  /**
   * Follows a backend reference.
   *
   * @returns the name of the cluster, or null where the reference is broken
   */
  resolve(ref: BackendReference, path: Path): string | null {
    const resolved = resolveBackend(ref, this.#from, this.#lookups);
    if ('reason' in resolved) {
      this.refuse([...path, resolved.field], resolved);
      return null;
    }
    if (resolved.kind === 'Backend' && ref.port !== undefined) {
      this.findings.push(
        warning([...path, 'port'], 'has no effect: each endpoint of a Backend has its own port', 'no port'),
      );
    }
    const name = clusterName(resolved);
    this.targets.set(name, resolved);
    return name;
  }

  /** Notes a reference that leads nowhere. */
  refuse(path: Path, { reason, message }: Problem): void {
    this.problems.push({ reason, message });
    this.findings.push(error(path, message));
  }
}
