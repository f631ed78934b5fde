import type { TrustDomain } from '#identity/trust-domain.ts';
import type { Attestation, AttestationClaim, Attestor, Credential } from './attestation.ts';
import type { JoinTokens, TokenRefusal } from './join-tokens.ts';

type JoinTokenCredential = Extract<Credential, { readonly kind: 'join-token' }>;

const REASONS: Readonly<Record<TokenRefusal, string>> = {
  garbled: 'the join token is not complete: its form or checksum is wrong',
  unknown: 'there is no such join token',
  'wrong-secret': 'the join token has the id of an existing one and another secret',
  'other-account': 'the join token is for another service account',
  revoked: 'the join token was revoked',
  expired: 'the join token has expired',
  'used-up': 'the join token was used as often as it may be',
};

/** Admits workloads that were given a token for their service account. */
export class JoinTokenAttestor implements Attestor<JoinTokenCredential> {
  readonly #tokens: JoinTokens;
  readonly #trustDomain: TrustDomain;

  constructor(tokens: JoinTokens, trustDomain: TrustDomain) {
    this.#tokens = tokens;
    this.#trustDomain = trustDomain;
  }

  attest(claim: AttestationClaim<JoinTokenCredential>, nowMs: number): Attestation {
    const { credential, spiffeId, publicKeySha256 } = claim;
    if (spiffeId.trustDomain !== this.#trustDomain)
      return { outcome: 'refused', reason: `the join token is not for trust domain ${spiffeId.trustDomain}` };
    const outcome = this.#tokens.redeem(credential.token, spiffeId, publicKeySha256, nowMs);
    if (typeof outcome === 'string') return { outcome: 'refused', reason: REASONS[outcome] };
    return { outcome: 'attested', spiffeId, evidence: `join-token ${outcome.id}` };
  }
}
