import { authorityCertificates } from '#model/authority-certificates.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { Problem } from '../../status.ts';
import type { Lookups } from '../inventory.ts';
import { mayRefer, missingGrant, type Referrer } from '../reference-grants.ts';

/** A reference to certificates of authorities. */
export interface AuthorityReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** What holds certificates of authorities. */
export type AuthorityHolder = ResourceOf<'ConfigMap' | 'Secret'>;

/** What several references come to. */
export interface Authorities {
  /** PEM, each certificate once; empty where no reference leads to any. */
  readonly certificates: string;
  readonly holders: readonly AuthorityHolder[];
  /** By the index of the reference. */
  readonly broken: ReadonlyMap<number, Problem>;
}

/**
 * Finds the authorities that references mean.
 *
 * @param unknownKind what the standard calls a reference to a kind that has no certificates: it differs by referrer
 */
export function resolveAuthorities(
  refs: readonly AuthorityReference[],
  from: Referrer,
  unknownKind: 'InvalidKind' | 'InvalidCACertificateKind',
  lookups: Lookups,
): Authorities {
  const certificates = new Set<string>();
  const holders: AuthorityHolder[] = [];
  const broken = new Map<number, Problem>();
  for (const [i, ref] of refs.entries()) {
    const holder = resolveHolder(ref, from, unknownKind, lookups);
    if ('reason' in holder) {
      broken.set(i, holder);
      continue;
    }
    const found = authorityCertificates(holder);
    if (found === undefined) {
      broken.set(i, invalid(`${holder.kind} ${titleOf(holder)} has no certificates under ca.crt`));
      continue;
    }
    for (const certificate of found) certificates.add(certificate.trim());
    holders.push(holder);
  }
  return { certificates: [...certificates].map((pem) => `${pem}\n`).join(''), holders, broken };
}

function resolveHolder(
  ref: AuthorityReference,
  from: Referrer,
  unknownKind: string,
  lookups: Lookups,
): AuthorityHolder | Problem {
  const { group, kind, name, namespace = from.namespace } = ref;
  if (group !== '' || (kind !== 'ConfigMap' && kind !== 'Secret')) {
    const named = group === '' ? kind : `${kind} of group ${group}`;
    return {
      reason: unknownKind,
      message: `cannot take certificates from a ${named}: only from a ConfigMap or a Secret`,
    };
  }
  const referent = { group, kind, namespace, name };
  // Before existence, so that a refusal tells nothing about another namespace.
  if (!mayRefer(from, referent, lookups)) return { reason: 'RefNotPermitted', message: missingGrant(from, referent) };
  return lookups.find(kind, namespace, name) ?? invalid(`${kind} ${namespace}/${name} is not declared`);
}

function invalid(message: string): Problem {
  return { reason: 'InvalidCACertificateRef', message };
}

function titleOf({ metadata }: AuthorityHolder): string {
  return `${metadata.namespace}/${metadata.name}`;
}
