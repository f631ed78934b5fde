import type { Path } from '#model/field-path.ts';
import type { Problem } from '../../status.ts';
import { hasBareEndpoints } from '../backend/bare-endpoints.ts';
import {
  resolveBackend,
  type BackendReference,
  type BackendUse,
  type BrokenReference,
  type ClusterTarget,
} from '../backend/backends.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import type { RouteProtection } from '../policy/authorization-levels.ts';
import type { Referrer } from '../reference-grants.ts';

type RefusalOf = (target: ClusterTarget) => BrokenReference | undefined;

/** Follows what one route refers to for one use of its backends, and keeps what it found. */
export class RouteReferences {
  readonly targets = new Map<string, ClusterTarget>();
  /** All that it leads to unsealed, even where TLS is broken; as in `Service/shop/cart`. */
  readonly backends = new Set<string>();
  readonly problems: Problem[] = [];
  readonly findings: Finding[] = [];
  /** The authorization policies that the route and its backends are under. */
  readonly protection: RouteProtection | null;
  readonly #from: Referrer;
  readonly #use: BackendUse;
  readonly #lookups: Lookups;
  readonly #refusalOf: RefusalOf;

  /**
   * @param protection null where another hop asks the authorization policies
   * @param refusalOf why nothing can be sent to what a reference leads to
   */
  constructor(
    from: Referrer,
    use: BackendUse,
    lookups: Lookups,
    protection: RouteProtection | null = null,
    refusalOf: RefusalOf = () => undefined,
  ) {
    this.#from = from;
    this.#use = use;
    this.#lookups = lookups;
    this.protection = protection;
    this.#refusalOf = refusalOf;
  }

  /**
   * Follows a backend reference.
   *
   * @returns the name of the cluster, or null where the reference is broken
   */
  resolve(ref: BackendReference, path: Path): string | null {
    const found = resolveBackend(ref, this.#from, this.#use, this.#lookups);
    const resolved = 'reason' in found ? found : (this.#refusalOf(found) ?? found);
    const isReached = !('reason' in resolved) || resolved.isOfPolicy;
    if (isReached && this.#use.payload !== 'sealed')
      this.backends.add(`${ref.kind}/${ref.namespace ?? this.#from.namespace}/${ref.name}`);
    if ('reason' in resolved) {
      if (resolved.isOfPolicy) this.#shut(path, resolved);
      else this.refuse([...path, resolved.field], resolved);
      return null;
    }
    if (resolved.kind === 'Backend' && ref.port !== undefined) {
      this.findings.push(
        warning([...path, 'port'], 'has no effect: each endpoint of a Backend has its own port', 'no port'),
      );
    }
    const target = this.protection?.isLeftToSidecars(ref) === true ? this.#onlySidecars(resolved, path) : resolved;
    this.targets.set(target.cluster, target);
    return target.cluster;
  }

  /**
   * A form of the cluster that never leads past the sidecars, whatever endpoints come: so no request is sent unjudged
   * while a proxy learns of changes one after another.
   */
  #onlySidecars(target: ClusterTarget, path: Path): ClusterTarget {
    const { namespace, name } = target;
    const service = this.#lookups.find('Service', namespace, name);
    if (service !== undefined && hasBareEndpoints(service, this.#lookups)) {
      const message = `endpoints of Service ${namespace}/${name} without a sidecar get nothing: sidecars ask its AuthorizationPolicies`;
      this.findings.push(warning(path, message));
    }
    return { ...target, cluster: `${target.cluster}#sidecars`, onlySidecars: true };
  }

  /** The reference is in order; that nothing is sent is the policy's fault, and the policy's status says so. */
  #shut(path: Path, { message }: Problem): void {
    const outcome = this.#use.speaks === 'bytes' ? 'connections are closed' : 'requests are answered with an error';
    this.findings.push(warning(path, `${outcome}, since nothing may be sent without TLS: ${message}`));
  }

  /** Notes a reference that leads nowhere. */
  refuse(path: Path, { reason, message }: Problem): void {
    this.problems.push({ reason, message });
    this.findings.push(error(path, message));
  }
}
