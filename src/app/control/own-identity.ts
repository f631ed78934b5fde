import type { CertificateAuthority } from '#control/authority/certificate-authority.ts';
import { readCertificateRequest } from '#control/authority/certificate-request-reader.ts';
import { controlPlaneId } from '#control/authority/control-identity.ts';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { WorkloadKey } from '#identity/workload-key.ts';

/** What a control plane shows in handshakes, and whom it believes. PEM. */
export interface ServerCredentials {
  /** Its own certificate first, and the root last: who joins knows no more than the root's fingerprint. */
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * Has the control plane's own authority certify it, by a new key.
 *
 * @throws where the authority cannot sign any more
 */
export function issueOwnCredentials(authority: CertificateAuthority, nowMs: number): ServerCredentials {
  const key = WorkloadKey.generate();
  const spiffeId = controlPlaneId(authority.bundle.trustDomain);
  const request = readCertificateRequest(createCertificateRequest(key, spiffeId));
  if (typeof request === 'string') throw new Error(`cannot certify the control plane: ${request}`);
  const issued = authority.issueOwn(request, nowMs);
  if (typeof issued === 'string') throw new Error(issued);
  const roots = authority.bundle.roots.join('');
  const certificateChain = issued.certificateChain + roots;
  return { certificateChain, privateKey: key.exportPem(), roots, expiresAtMs: issued.expiresAtMs };
}
