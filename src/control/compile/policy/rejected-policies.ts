import type { Path } from '#model/field-path.ts';
import { meshName } from '#model/mesh.ts';
import type { RejectedResource, RejectedTarget } from '#model/rejected-resource.ts';
import { resourceTitle, type Resource } from '#model/resource.ts';
import { securityKinds, type SecuredKind, type SecurityKind } from '../../security-kinds.ts';

/** A policy for security that was never valid: what it was meant for must not go on without it. */
export interface RejectedPolicy {
  readonly isRejected: true;
  readonly kind: Resource['kind'];
  /** As in `BackendTLSPolicy shop/cart`; the kind alone where the name cannot be read. */
  readonly title: string;
  readonly targets: readonly SecuredTarget[];
  readonly source: RejectedResource;
}

/** What policies protect. */
export interface Secured {
  readonly kind: SecuredKind;
  readonly namespace: string;
  readonly name: string;
}

/** What a rejected policy is about. */
export interface SecuredTarget extends Secured {
  /** Undefined for all of it. */
  readonly sectionName: string | undefined;
  readonly path: Path;
}

/** What a rejected policy closes, at each of its targets. */
export interface Closure {
  readonly target: SecuredTarget;
  /** As in `nothing is sent to Service shop/cart`. */
  readonly outcome: string;
}

/** Makes out what is rejected with a policy; undefined where nothing is: it can be left out. */
export function rejectedPolicy(source: RejectedResource): RejectedPolicy | undefined {
  const { kind, namespace, name } = source;
  const security = securityKinds[kind];
  if (security === undefined || !security.closes(source)) return undefined;
  const title =
    name === undefined || namespace === undefined ? kind : resourceTitle({ kind, metadata: { namespace, name } });
  const targets =
    kind === 'Mesh' ? [itself(name)] : source.targets.flatMap((target) => meantBy(target, namespace, security));
  return { isRejected: true, kind, title, targets, source };
}

/** One whose name cannot be read may be the one that counts. */
function itself(name = meshName): SecuredTarget {
  return { kind: 'Mesh', namespace: '', name, sectionName: undefined, path: ['spec'] };
}

/** Where it does not say which kind of target, every kind could be. */
function meantBy(
  { group, kind, name, sectionName, path }: RejectedTarget,
  namespace: string | undefined,
  { targetKinds }: SecurityKind,
): readonly SecuredTarget[] {
  // Policies are about their own namespace only.
  if (namespace === undefined) return [];
  return targetKinds.flatMap((possible) =>
    (group ?? possible.group) === possible.group && (kind ?? possible.kind) === possible.kind
      ? [{ kind: possible.kind, namespace, name, sectionName, path }]
      : [],
  );
}

/**
 * Finds the policy for a section of a target: one that names the section goes before one for all of it. A rejected one
 * goes behind those that are as specific and valid, so that it takes nothing from what is protected already; but before
 * the less specific, which may well trust more.
 *
 * @param valid those for the target, the one that goes before others first
 * @param isAbout whether a valid one names the section, or all of the target where none is given
 * @param section undefined where it has no name
 */
export function mostSpecific<P>(
  valid: readonly P[],
  isAbout: (policy: P, section: string | undefined) => boolean,
  rejected: readonly RejectedPolicy[],
  target: Secured,
  section: string | undefined,
): P | RejectedPolicy | undefined {
  for (const wanted of section === undefined ? [undefined] : [section, undefined]) {
    const found =
      valid.find((policy) => isAbout(policy, wanted)) ?? rejected.find((policy) => isMeantFor(policy, target, wanted));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a policy names the section, or all of the target where none is given. */
export function isMeantFor({ targets }: RejectedPolicy, wanted: Secured, section: string | undefined): boolean {
  return targets.some(
    ({ kind, namespace, name, sectionName }) =>
      kind === wanted.kind && namespace === wanted.namespace && name === wanted.name && sectionName === section,
  );
}
