import type { SpiffeId } from '#identity/spiffe-id.ts';
import type { IssuedSvid } from '#identity/svid-source.ts';
import { attest, type Attestors, type Credential } from './attestation.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { type CertificateRequest, readCertificateRequest } from './certificate-request-reader.ts';

/** A workload asks for its identity. */
export interface IdentityRequest {
  readonly credential: Credential;
  readonly spiffeId: SpiffeId;
  /** PKCS#10 in DER. */
  readonly certificateRequest: Uint8Array;
}

/** One line of the audit log; holds nothing secret. */
export type IssuanceRecord = {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly spiffeId: string;
  readonly credential: Credential['kind'];
} & (
  | {
      readonly outcome: 'issued';
      /** What the workload proved its identity with: a token's id or an SVID's serial number. */
      readonly evidence: string;
      /** Hexadecimal. */
      readonly serialNumber: string;
      readonly expiresAtMs: number;
      readonly keyType: string;
      readonly publicKeySha256: string;
      /** Key identifier of the authority that signed; hexadecimal. */
      readonly issuerKeyId: string;
    }
  | { readonly outcome: 'refused'; readonly reason: string }
);

/** What the caller is told. */
export interface IssuanceRefusal {
  readonly refusal: string;
}

export interface IssuerOptions {
  readonly authority: CertificateAuthority;
  readonly attestors: Attestors;
  /** Called before the caller gets its answer; where it throws, nothing is issued. */
  readonly record: (record: IssuanceRecord) => void;
}

/** The same for every credential: a caller that learned more could find out which tokens exist. */
const REFUSED: IssuanceRefusal = Object.freeze({
  refusal: "the identity is refused: the credential does not prove it (the control plane's log has the reason)",
});

/** Gives workloads their identities: attests who asks, has the key certified, and records either. */
export class Issuer {
  readonly #authority: CertificateAuthority;
  readonly #attestors: Attestors;
  readonly #record: (record: IssuanceRecord) => void;

  constructor({ authority, attestors, record }: IssuerOptions) {
    this.#authority = authority;
    this.#attestors = attestors;
    this.#record = record;
  }

  /** @throws where an attestor or the audit log fails; the caller may then ask again */
  async issue(request: IdentityRequest, nowMs: number): Promise<IssuedSvid | IssuanceRefusal> {
    const { credential, spiffeId } = request;
    // First, so that a request without a chance does not use up a token.
    const certificateRequest = readCertificateRequest(request.certificateRequest);
    if (typeof certificateRequest === 'string') {
      this.#refuse(request, certificateRequest, nowMs);
      return { refusal: certificateRequest };
    }
    const { publicKeySha256 } = certificateRequest;
    const attestation = await attest(this.#attestors, { credential, spiffeId, publicKeySha256 }, nowMs);
    if (attestation.outcome === 'attested')
      return this.#sign(request, attestation.spiffeId, attestation.evidence, certificateRequest, nowMs);
    this.#refuse(request, attestation.reason, nowMs);
    return REFUSED;
  }

  #sign(
    request: IdentityRequest,
    spiffeId: SpiffeId,
    evidence: string,
    { publicKey, publicKeySha256, keyType }: CertificateRequest,
    nowMs: number,
  ): IssuedSvid | IssuanceRefusal {
    const issued = this.#authority.issue(spiffeId, { publicKey, publicKeySha256, keyType }, nowMs);
    if (typeof issued === 'string') {
      this.#refuse(request, issued, nowMs);
      return { refusal: 'the certificate authority cannot sign now' };
    }
    const { certificateChain, serialNumber, expiresAtMs, issuerKeyId } = issued;
    this.#record({
      timeMs: nowMs,
      spiffeId: spiffeId.uri,
      credential: request.credential.kind,
      outcome: 'issued',
      evidence,
      serialNumber,
      expiresAtMs,
      keyType,
      publicKeySha256,
      issuerKeyId,
    });
    return { certificateChain, bundle: this.#authority.bundle };
  }

  #refuse({ spiffeId, credential }: IdentityRequest, reason: string, timeMs: number): void {
    this.#record({ timeMs, spiffeId: spiffeId.uri, credential: credential.kind, outcome: 'refused', reason });
  }
}
