import { normalizeAuthority } from '#http/authority.ts';
import type { FilterSpec, HeaderModifications, RequestMirrorSpec } from '#model/snapshot/http-route.ts';
import type { ClusterSlot, Filter } from '../exchange/exchange.ts';
import { BackendAuthorization } from './authorization/authorization.ts';
import type { PolicyRegistry } from './authorization/policy-registry.ts';
import { Cors } from './cors/cors.ts';
import { compileModifications, type CompiledModifications } from './header-modifier/modifications.ts';
import { RequestHeaderModifier } from './header-modifier/request-header-modifier.ts';
import { ResponseHeaderModifier } from './header-modifier/response-header-modifier.ts';
import { InvalidFilter } from './invalid-filter.ts';
import { RequestRedirect } from './path/request-redirect.ts';
import { UrlRewrite } from './path/url-rewrite.ts';
import { RequestMirror } from './request-mirror.ts';

/** What filters refer to. */
export interface FilterEnvironment {
  /** The place of a cluster, whether or not that cluster exists. */
  slot(cluster: string): ClusterSlot;
  /** What copies for Services under a policy are judged by; without it none is sent there. */
  readonly policies?: PolicyRegistry;
}

/**
 * Prepares the filters of a rule or of a backend, in their order. All that can be known before a request comes is done
 * here. A specification that cannot be used becomes a filter that refuses every request: one that were left out would
 * let requests pass that it was to stop.
 */
export function compileFilters(specs: readonly FilterSpec[], environment: FilterEnvironment): readonly Filter[] {
  const filters: Filter[] = [];
  for (const spec of specs) {
    const filter = compileFilter(spec, environment);
    if (filter !== null) filters.push(Object.freeze(filter));
  }
  return Object.freeze(filters);
}

/** @returns null where the filter would do nothing */
function compileFilter(spec: FilterSpec, environment: FilterEnvironment): Filter | null {
  switch (spec.type) {
    case 'RequestHeaderModifier':
      return compileModifier(spec, (modifications) => new RequestHeaderModifier(modifications));
    case 'ResponseHeaderModifier':
      return compileModifier(spec, (modifications) => new ResponseHeaderModifier(modifications));
    case 'RequestRedirect':
      return isHost(spec.hostname)
        ? new RequestRedirect(spec)
        : new InvalidFilter('the hostname of a redirect is none');
    case 'URLRewrite':
      return isHost(spec.hostname)
        ? new UrlRewrite(spec.hostname, spec.path)
        : new InvalidFilter('the hostname of a rewrite is none');
    case 'RequestMirror':
      return compileMirror(spec, environment);
    case 'CORS':
      return new Cors(spec);
    case 'Authorization':
      // Chains put it in its place; elsewhere nothing may pass for having been judged.
      return new InvalidFilter('authorization is not asked at this place');
    case 'Invalid':
      return new InvalidFilter(spec.reason);
    default:
      // A newer control plane may know filters that this proxy does not.
      return new InvalidFilter('the type of the filter is not known to this proxy');
  }
}

function compileModifier(spec: HeaderModifications, create: (modifications: CompiledModifications) => Filter): Filter {
  const modifications = compileModifications(spec);
  return typeof modifications === 'string' ? new InvalidFilter(modifications) : create(modifications);
}

/** A mirror whose cluster is not resolved is dropped: it decides nothing (Gateway API, HTTPRequestMirrorFilter). */
function compileMirror(spec: RequestMirrorSpec, environment: FilterEnvironment): Filter | null {
  if (spec.cluster === null || !(spec.numerator > 0 && spec.denominator > 0)) return null;
  const share = spec.numerator / spec.denominator;
  if (spec.authorization === undefined) return new RequestMirror(environment.slot(spec.cluster), share);
  if (environment.policies === undefined) return null;
  const guard = new BackendAuthorization(environment.policies.levels(spec.authorization), spec.cluster);
  return new RequestMirror(environment.slot(spec.cluster), share, guard);
}

function isHost(hostname: string | null): boolean {
  return hostname === null || normalizeAuthority(hostname) === hostname;
}
