import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { AuthorizationSpec } from '#model/snapshot/http-route.ts';
import type { Lookups } from '../inventory.ts';
import { isGuarded, isJudgedBySidecars } from './judging-hop.ts';
import { isMeantFor, type RejectedPolicy, type Secured } from './rejected-policies.ts';

/** The name of the resource that refuses in the name of a policy that was never valid. */
export function nameOfRejected({ title }: RejectedPolicy): string {
  return title.replace(' ', '/');
}

/**
 * Finds the policies that something is under: those for all of it, then those for a section of it.
 *
 * @param section undefined where it has no name
 */
export function authorizationLevels(
  target: Secured,
  section: string | undefined,
  lookups: Lookups,
): AuthorizationLevels {
  const levels = [namesFor(target, undefined, lookups)];
  if (section !== undefined) levels.push(namesFor(target, section, lookups));
  return levels.filter((names) => names.length > 0);
}

function namesFor(target: Secured, section: string | undefined, lookups: Lookups): readonly string[] {
  const valid = lookups
    .authorizationPoliciesFor(target)
    .filter(({ spec }) =>
      spec.targetRefs.some(
        ({ kind, name, sectionName }) => kind === target.kind && name === target.name && sectionName === section,
      ),
    )
    .map(({ metadata }) => `AuthorizationPolicy/${metadata.namespace}/${metadata.name}`);
  const rejected = lookups
    .rejectedFor('AuthorizationPolicy', target)
    .filter((policy) => isMeantFor(policy, target, section))
    .map(nameOfRejected);
  return [...new Set([...valid, ...rejected])];
}

interface BackendReference {
  readonly kind: string;
  readonly group: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

interface ProtectedRoute {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The policies that one route, its rules and its backends are under at a gateway. */
export class RouteProtection {
  readonly #route: ProtectedRoute;
  readonly #lookups: Lookups;

  constructor(route: ProtectedRoute, lookups: Lookups) {
    this.#route = route;
    this.#lookups = lookups;
  }

  /** @returns at most one filter, for a rule @param rule its declared name */
  filtersOfRule(rule: string | undefined): readonly AuthorizationSpec[] {
    const { kind, namespace, name } = this.#route;
    // No policy is for a route of another kind: it shows nothing of a request.
    if (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') return [];
    return filterOf(authorizationLevels({ kind, namespace, name }, rule, this.#lookups));
  }

  /** @returns at most one filter, for what is sent to a backend */
  filtersOfBackend(ref: BackendReference): readonly AuthorizationSpec[] {
    return filterOf(this.levelsOfBackend(ref));
  }

  /** @returns none where sidecars ask them */
  levelsOfBackend({ kind, group, namespace = this.#route.namespace, name }: BackendReference): AuthorizationLevels {
    if (group !== '' || kind !== 'Service' || isJudgedBySidecars(namespace, name, this.#lookups)) return [];
    return authorizationLevels({ kind, namespace, name }, undefined, this.#lookups);
  }

  /** Whether a backend is under policies that sidecars ask, so that nothing may get past them. */
  isLeftToSidecars({ kind, group, namespace = this.#route.namespace, name }: BackendReference): boolean {
    if (group !== '' || kind !== 'Service') return false;
    return isGuarded(namespace, name, this.#lookups) && isJudgedBySidecars(namespace, name, this.#lookups);
  }
}

function filterOf(levels: AuthorizationLevels): readonly AuthorizationSpec[] {
  return levels.length === 0 ? [] : [{ type: 'Authorization', levels }];
}
