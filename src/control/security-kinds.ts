import type { RejectedResource } from '#model/rejected-resource.ts';
import type { Resource } from '#model/resource.ts';

/** What protects something, and would stop to if it was left out like any other object that is not valid. */
export interface SecurityKind {
  /**
   * What stays in force of an object that was valid once: its last good form; or nothing, of permissions, since an older
   * form could permit what was just withdrawn.
   */
  readonly lastGood: 'kept' | 'withdrawn';
  /** What it can be about: empty for what has no targets, and permits nothing by being absent. */
  readonly targetKinds: readonly { readonly group: string; readonly kind: SecuredKind }[];
  /** Whether what it was meant for is closed although it was never valid: not where its defaults are as safe. */
  closes(rejected: RejectedResource): boolean;
}

export type SecuredKind = 'Service' | 'Backend' | 'Gateway' | 'HTTPRoute' | 'GRPCRoute' | 'Mesh';

/**
 * Every kind that fails closed, by name. A new policy for security needs a row here, and a question at the place where
 * what it is about is compiled.
 */
export const securityKinds: Readonly<Partial<Record<Resource['kind'], SecurityKind>>> = {
  AuthorizationPolicy: {
    lastGood: 'kept',
    targetKinds: [
      { group: 'gateway.networking.k8s.io', kind: 'Gateway' },
      { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' },
      { group: 'gateway.networking.k8s.io', kind: 'GRPCRoute' },
      { group: '', kind: 'Service' },
    ],
    closes: mayRefuse,
  },
  /** It is about the mesh, and so names no target. */
  Mesh: { lastGood: 'kept', targetKinds: [], closes: () => true },
  PeerAuthentication: {
    lastGood: 'kept',
    targetKinds: [{ group: '', kind: 'Service' }],
    closes: () => true,
  },
  ReferenceGrant: { lastGood: 'withdrawn', targetKinds: [], closes: () => false },
  BackendTLSPolicy: {
    lastGood: 'kept',
    targetKinds: [
      { group: '', kind: 'Service' },
      { group: 'selvage.dev', kind: 'Backend' },
    ],
    closes: () => true,
  },
  ClientTrafficPolicy: {
    lastGood: 'kept',
    targetKinds: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway' }],
    closes: mayReadProxyProtocol,
  },
};

/** A policy that only records protects nothing. In doubt it is no such policy: another `action` could have been cut off. */
function mayRefuse({ isWhole, action }: RejectedResource): boolean {
  return !isWhole || action !== 'AUDIT';
}

/** Without them the defaults count, which are limits too. */
const harmlessSettings: ReadonlySet<string> = new Set(['targetRefs', 'timeout', 'limits', 'http1', 'http2']);

/**
 * Without the PROXY protocol's header clients would be taken for others, and could come without the load balancer.
 * Unknown fields may be that one, misspelled.
 */
function mayReadProxyProtocol({ isWhole, specFields }: RejectedResource): boolean {
  return !isWhole || specFields.some((field) => !harmlessSettings.has(field));
}
