// Identities for the simulated proxies, as the control plane itself would issue them.

import { BuiltInKeys } from '#control/authority/built-in-keys.ts';
import { CertificateAuthority } from '#control/authority/certificate-authority.ts';
import { readCertificateRequest } from '#control/authority/certificate-request-reader.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import { createTrustBundle } from '#identity/trust-bundle.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { principalOf, type Size } from './population.ts';

/** What can be given to another process. PEM. */
export interface Identities {
  readonly roots: string;
  /** Of all: 1,000 keys would take longer to make than they are worth here. */
  readonly privateKey: string;
  /** By service. */
  readonly certificateChains: readonly string[];
}

const DAY_MS = 86_400_000;

/** Makes the authority in the state folder of a control plane that does not run yet, and has it certify all services. */
export function issueIdentities(state: string, { services }: Size): Identities {
  const nowMs = Date.now();
  const keys = BuiltInKeys.open(StateFolder.open(state), 'cluster.local' as TrustDomain, DAY_MS, nowMs);
  const authority = new CertificateAuthority({ keys, svidLifetimeMs: DAY_MS });
  const key = WorkloadKey.generate();
  const certificateChains = Array.from({ length: services }, (_, service) => {
    const spiffeId = parseSpiffeId(principalOf(service));
    if (typeof spiffeId === 'string') throw new Error(spiffeId);
    const request = readCertificateRequest(createCertificateRequest(key, spiffeId));
    const issued = typeof request === 'string' ? request : authority.issue(spiffeId, request, nowMs);
    if (typeof issued === 'string') throw new Error(`cannot certify ${spiffeId.uri}: ${issued}`);
    return issued.certificateChain;
  });
  return { roots: authority.bundle.roots.join(''), privateKey: key.exportPem(), certificateChains };
}

/** @returns what a proxy of that service shows, and whom it believes */
export function identityOf({ roots, privateKey, certificateChains }: Identities, service: number): WorkloadIdentity {
  const spiffeId = parseSpiffeId(principalOf(service));
  const key = WorkloadKey.fromPem(privateKey);
  const certificateChain = certificateChains[service];
  if (typeof spiffeId === 'string' || key === undefined || certificateChain === undefined)
    throw new Error(`there is no identity for service ${service}`);
  const bundle = createTrustBundle(spiffeId.trustDomain, 1, roots);
  if (typeof bundle === 'string') throw new Error(bundle);
  const obtainedAtMs = Date.now();
  const expiresAtMs = obtainedAtMs + DAY_MS;
  return { bundle, svid: { spiffeId, certificateChain, key, serialNumber: '', obtainedAtMs, expiresAtMs } };
}
