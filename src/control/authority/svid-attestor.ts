import { isSameSpiffeId } from '#identity/spiffe-id.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import type { Attestation, AttestationClaim, Attestor, Credential } from './attestation.ts';

/** Renews: who shows a valid SVID gets another one of the same name. */
export class SvidAttestor implements Attestor<Extract<Credential, { readonly kind: 'svid' }>> {
  readonly #trustDomain: TrustDomain;

  constructor(trustDomain: TrustDomain) {
    this.#trustDomain = trustDomain;
  }

  attest(
    { credential: { peer }, spiffeId }: AttestationClaim<Extract<Credential, { readonly kind: 'svid' }>>,
    nowMs: number,
  ): Attestation {
    const refuse = (reason: string): Attestation => ({ outcome: 'refused', reason });
    if (peer.spiffeId.trustDomain !== this.#trustDomain)
      return refuse(`the SVID is of trust domain ${peer.spiffeId.trustDomain}`);
    // The handshake was then; the connection may have outlived the certificate.
    if (nowMs > peer.expiresAtMs) return refuse(`the SVID ${peer.serialNumber} expired after the connection was made`);
    if (!isSameSpiffeId(peer.spiffeId, spiffeId)) return refuse(`the SVID is of ${peer.spiffeId.uri}`);
    return { outcome: 'attested', spiffeId: peer.spiffeId, evidence: `svid ${peer.serialNumber}` };
  }
}
