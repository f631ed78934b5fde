import type { PeerIdentity } from '#identity/peer-identity.ts';
import type { SpiffeId } from '#identity/spiffe-id.ts';

/** What a workload proves with who it is. */
export type Credential =
  | { readonly kind: 'join-token'; readonly token: string }
  /** A valid SVID, shown in the TLS handshake of the connection that the request came over. */
  | { readonly kind: 'svid'; readonly peer: PeerIdentity };

export interface AttestationClaim<C extends Credential = Credential> {
  readonly credential: C;
  /** Who the workload says it is. */
  readonly spiffeId: SpiffeId;
  /** Of the key that is to be certified and that the workload has proved to have; hexadecimal. */
  readonly publicKeySha256: string;
}

export type Attestation =
  /** @property evidence for the audit record, nothing secret */
  | { readonly outcome: 'attested'; readonly spiffeId: SpiffeId; readonly evidence: string }
  /** @property reason for the operator; the workload is not told */
  | { readonly outcome: 'refused'; readonly reason: string };

/** Decides from one kind of credential who a workload is. */
export interface Attestor<C extends Credential = Credential> {
  attest(claim: AttestationClaim<C>, nowMs: number): Attestation | Promise<Attestation>;
}

/** One for each kind of credential; a kind without one is refused. */
export type Attestors = { readonly [K in Credential['kind']]?: Attestor<Extract<Credential, { readonly kind: K }>> };

/** Asks the attestor for the kind of the credential. */
export async function attest(attestors: Attestors, claim: AttestationClaim, nowMs: number): Promise<Attestation> {
  const { credential } = claim;
  const refused: Attestation = {
    outcome: 'refused',
    reason: `credentials of kind ${credential.kind} are not accepted`,
  };
  switch (credential.kind) {
    case 'join-token':
      return (await attestors['join-token']?.attest({ ...claim, credential }, nowMs)) ?? refused;
    case 'svid':
      return (await attestors.svid?.attest({ ...claim, credential }, nowMs)) ?? refused;
  }
}
