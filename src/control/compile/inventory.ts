import type { Diagnostic } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import { serviceNameLabel } from '#model/endpoint-slice.ts';
import { resourceKey, type Resource, type ResourceOf } from '#model/resource.ts';
import { diagnosticOf, error } from './finding.ts';
import type { LiveWorkload } from './mesh/live-workload.ts';
import { backendKey, policyTargetOf, type PolicyTarget } from './policy/policy-target.ts';
import { rejectedPolicy, type RejectedPolicy, type Secured } from './policy/rejected-policies.ts';

/** What a compilation step may ask about objects other than its own. */
export interface Lookups {
  /** @param namespace empty for cluster-scoped kinds */
  find<K extends Resource['kind']>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined;
  /** By name, so that no order of documents shows in the outcome. */
  slicesOf(namespace: string, service: string): readonly ResourceOf<'EndpointSlice'>[];
  /** Who serves a Service through a sidecar now; null outside of a mesh. */
  workloadsOf(namespace: string, service: string): readonly LiveWorkload[] | null;
  grantsIn(namespace: string): readonly ResourceOf<'ReferenceGrant'>[];
  /** Those with a reference to a backend, to all of it or to a port; the one that goes before others first. */
  tlsPoliciesFor(target: PolicyTarget): readonly ResourceOf<'BackendTLSPolicy'>[];
  /** The same of a gateway. */
  clientPoliciesFor(namespace: string, gateway: string): readonly ResourceOf<'ClientTrafficPolicy'>[];
  /** The same of a Service. */
  peerAuthenticationsFor(namespace: string, service: string): readonly ResourceOf<'PeerAuthentication'>[];
  authorizationPoliciesFor(target: Secured): readonly ResourceOf<'AuthorizationPolicy'>[];
  /** Policies of a kind that were never valid and are about something, or a section of it. */
  rejectedFor(kind: Resource['kind'], target: Secured): readonly RejectedPolicy[];
}

/** The workloads that serve each Service, by its name, as in `shop/cart`. */
export type Serving = ReadonlyMap<string, readonly LiveWorkload[]>;

/** All declared objects, each once, indexed by what they are asked for. */
export class Inventory implements Lookups {
  readonly #byKey = new Map<string, LoadedResource>();
  readonly #slices = new Map<string, ResourceOf<'EndpointSlice'>[]>();
  readonly #grants = new Map<string, ResourceOf<'ReferenceGrant'>[]>();
  readonly #tlsPolicies = new Map<string, ResourceOf<'BackendTLSPolicy'>[]>();
  readonly #clientPolicies = new Map<string, ResourceOf<'ClientTrafficPolicy'>[]>();
  readonly #peerAuthentications = new Map<string, ResourceOf<'PeerAuthentication'>[]>();
  readonly #authorizationPolicies = new Map<string, ResourceOf<'AuthorizationPolicy'>[]>();
  readonly #rejectedByTarget = new Map<string, RejectedPolicy[]>();
  readonly #serving: Serving | null;
  /** One for each object that is declared again. */
  readonly duplicates: readonly Diagnostic[];
  /** Policies that were never valid, and that must not be left out. */
  readonly rejected: readonly RejectedPolicy[];

  /**
   * @param loaded in the order in which documents count: of two with one name, the first
   * @param rejected what is declared, but not validly; what is loaded under the same name speaks for it
   * @param serving null outside of a mesh
   */
  constructor(
    loaded: readonly LoadedResource[],
    rejected: readonly RejectedResource[] = [],
    serving: Serving | null = null,
  ) {
    this.#serving = serving;
    const duplicates: Diagnostic[] = [];
    for (const entry of loaded) {
      const key = resourceKey(entry.resource);
      const first = this.#byKey.get(key);
      if (first !== undefined) duplicates.push(duplicateOf(first, entry));
      else this.#add(key, entry);
    }
    for (const slices of this.#slices.values()) slices.sort(byName);
    for (const policies of this.#tlsPolicies.values()) policies.sort(bySeniority);
    for (const policies of this.#clientPolicies.values()) policies.sort(bySeniority);
    for (const policies of this.#peerAuthentications.values()) policies.sort(bySeniority);
    for (const policies of this.#authorizationPolicies.values()) policies.sort(bySeniority);
    this.duplicates = duplicates;
    this.rejected = rejected
      .flatMap((source) => (this.#has(source) ? [] : (rejectedPolicy(source) ?? [])))
      .sort(byTitle);
    for (const policy of this.rejected) this.#addRejected(policy);
  }

  #has({ kind, namespace, name }: RejectedResource): boolean {
    if (namespace === undefined || name === undefined) return false;
    return this.#byKey.has(resourceKey({ kind, metadata: { namespace, name } }));
  }

  #addRejected(policy: RejectedPolicy): void {
    for (const key of new Set(policy.targets.map((target) => rejectedKey(policy.kind, target))))
      append(this.#rejectedByTarget, key, policy);
  }

  #add(key: string, entry: LoadedResource): void {
    this.#byKey.set(key, entry);
    const { resource } = entry;
    if (resource.kind === 'ReferenceGrant') append(this.#grants, resource.metadata.namespace, resource);
    if (resource.kind === 'BackendTLSPolicy') this.#addPolicy(resource);
    if (resource.kind === 'ClientTrafficPolicy') {
      const names = new Set(resource.spec.targetRefs.map((ref) => ref.name));
      for (const name of names) append(this.#clientPolicies, `${resource.metadata.namespace}/${name}`, resource);
    }
    if (resource.kind === 'PeerAuthentication') {
      const names = new Set(resource.spec.targetRefs.map((ref) => ref.name));
      for (const name of names) append(this.#peerAuthentications, `${resource.metadata.namespace}/${name}`, resource);
    }
    if (resource.kind === 'AuthorizationPolicy') {
      const { namespace } = resource.metadata;
      const targets = resource.spec.targetRefs.map(({ kind, name }) => securedKey({ kind, namespace, name }));
      for (const target of new Set(targets)) append(this.#authorizationPolicies, target, resource);
    }
    if (resource.kind === 'EndpointSlice') {
      const service = resource.metadata.labels[serviceNameLabel];
      if (service !== undefined) append(this.#slices, `${resource.metadata.namespace}/${service}`, resource);
    }
  }

  #addPolicy(policy: ResourceOf<'BackendTLSPolicy'>): void {
    const targets = policy.spec.targetRefs.flatMap((ref) => policyTargetOf(ref, policy.metadata.namespace) ?? []);
    for (const key of new Set(targets.map(backendKey))) append(this.#tlsPolicies, key, policy);
  }

  find<K extends Resource['kind']>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    const key = resourceKey({ kind, metadata: { namespace, name } });
    return this.#byKey.get(key)?.resource as ResourceOf<K> | undefined;
  }

  slicesOf(namespace: string, service: string): readonly ResourceOf<'EndpointSlice'>[] {
    return this.#slices.get(`${namespace}/${service}`) ?? [];
  }

  workloadsOf(namespace: string, service: string): readonly LiveWorkload[] | null {
    return this.#serving === null ? null : (this.#serving.get(`${namespace}/${service}`) ?? []);
  }

  grantsIn(namespace: string): readonly ResourceOf<'ReferenceGrant'>[] {
    return this.#grants.get(namespace) ?? [];
  }

  tlsPoliciesFor(target: PolicyTarget): readonly ResourceOf<'BackendTLSPolicy'>[] {
    return this.#tlsPolicies.get(backendKey(target)) ?? [];
  }

  authorizationPoliciesFor(target: Secured): readonly ResourceOf<'AuthorizationPolicy'>[] {
    return this.#authorizationPolicies.get(securedKey(target)) ?? [];
  }

  peerAuthenticationsFor(namespace: string, service: string): readonly ResourceOf<'PeerAuthentication'>[] {
    return this.#peerAuthentications.get(`${namespace}/${service}`) ?? [];
  }

  clientPoliciesFor(namespace: string, gateway: string): readonly ResourceOf<'ClientTrafficPolicy'>[] {
    return this.#clientPolicies.get(`${namespace}/${gateway}`) ?? [];
  }

  rejectedFor(kind: Resource['kind'], target: Secured): readonly RejectedPolicy[] {
    return this.#rejectedByTarget.get(rejectedKey(kind, target)) ?? [];
  }

  /** Every object of a kind, in the order of their keys. */
  all<K extends Resource['kind']>(kind: K): readonly ResourceOf<K>[] {
    const found: ResourceOf<K>[] = [];
    for (const { resource } of this.#byKey.values()) if (resource.kind === kind) found.push(resource as ResourceOf<K>);
    return found.sort(byNamespaceAndName);
  }

  /** Where an object was declared. */
  placeOf(resource: Resource): LoadedResource {
    const entry = this.#byKey.get(resourceKey(resource));
    if (entry === undefined) throw new Error(`cannot place ${resourceKey(resource)}: not in this inventory`);
    return entry;
  }
}

function duplicateOf(first: LoadedResource, again: LoadedResource): Diagnostic {
  const { file, line, column } = first.location;
  const message = `is already declared at ${file}:${line}:${column}, which counts`;
  return diagnosticOf(error(['metadata', 'name'], message, 'one document for each object'), again);
}

function append<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function rejectedKey(policyKind: string, target: Secured): string {
  return `${policyKind} ${securedKey(target)}`;
}

function securedKey({ kind, namespace, name }: Secured): string {
  return `${kind}/${namespace}/${name}`;
}

function byTitle(a: RejectedPolicy, b: RejectedPolicy): number {
  return compareText(a.title, b.title);
}

function byName(a: Resource, b: Resource): number {
  return compareText(a.metadata.name, b.metadata.name);
}

function byNamespaceAndName(a: Resource, b: Resource): number {
  return compareText(a.metadata.namespace, b.metadata.namespace) || byName(a, b);
}

/** The older first, undeclared being the oldest; among equals by namespace and name. */
function bySeniority(a: Resource, b: Resource): number {
  return createdAtMs(a) - createdAtMs(b) || byNamespaceAndName(a, b);
}

/** Milliseconds since 1970; 0 where undeclared. */
export function createdAtMs({ metadata }: Pick<Resource, 'metadata'>): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

/** By code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
