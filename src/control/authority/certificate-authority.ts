import type { SpiffeId } from '#identity/spiffe-id.ts';
import type { TrustBundle } from '#identity/trust-bundle.ts';
import type { CertificateRequest } from './certificate-request-reader.ts';
import { controlPlaneId } from './control-identity.ts';
import { type IssuedCertificate, type Signer, signSvid } from './signer.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Long enough to outlive a control plane that is away for a night, short enough to need no revocation lists. */
export const DEFAULT_SVID_LIFETIME_MS = 86_400_000;

/** Less would end before a proxy has done anything with it. */
const MIN_SVID_LIFETIME_MS = 60_000;

export interface CertificateAuthorityOptions {
  readonly keys: SigningKeys;
  /** At least a minute. @defaultValue 24 h */
  readonly svidLifetimeMs?: number;
}

/** Signs workloads' certificates. Who may have which is decided before: see `Issuer`. */
export class CertificateAuthority {
  readonly #keys: SigningKeys;
  readonly #lifetimeMs: number;

  /** @throws where the lifetime is too short */
  constructor({ keys, svidLifetimeMs = DEFAULT_SVID_LIFETIME_MS }: CertificateAuthorityOptions) {
    if (!(svidLifetimeMs >= MIN_SVID_LIFETIME_MS)) throw new RangeError('cannot issue SVIDs for less than a minute');
    this.#keys = keys;
    this.#lifetimeMs = svidLifetimeMs;
  }

  /** What workloads are to trust. */
  get bundle(): TrustBundle {
    return this.#keys.bundle;
  }

  /** When the certificate that signs expires, in milliseconds since 1970. */
  get expiresAtMs(): number {
    return this.#keys.signer.expiresAtMs;
  }

  /**
   * Takes the due steps of an exchange of roots; to be called about once a minute. It is apart from `issue`, which then
   * needs no disk: with a full one, the old root simply signs on.
   *
   * @returns whether the bundle has changed and is to be published
   * @throws where the step cannot be saved; it is then not taken
   */
  advance(nowMs: number): boolean {
    return this.#keys.advance(nowMs);
  }

  /**
   * Certifies a key.
   *
   * @param spiffeId as attested, never as requested
   * @param nowMs since 1970
   * @returns the reason where the authority itself has expired
   */
  issue(spiffeId: SpiffeId, request: CertificateRequest, nowMs: number): IssuedCertificate | string {
    return this.#sign(this.#keys.signer, spiffeId, request, nowMs);
  }

  /** Certifies a key of the control plane itself, which everybody must believe who believes any root of the bundle. */
  issueOwn(request: CertificateRequest, nowMs: number): IssuedCertificate | string {
    return this.#sign(this.#keys.ownSigner, controlPlaneId(this.bundle.trustDomain), request, nowMs);
  }

  #sign(signer: Signer, spiffeId: SpiffeId, request: CertificateRequest, nowMs: number): IssuedCertificate | string {
    const { bundle } = this.#keys;
    if (spiffeId.trustDomain !== bundle.trustDomain)
      return `cannot issue an SVID of trust domain ${spiffeId.trustDomain}: this authority is of ${bundle.trustDomain}`;
    if (nowMs + MIN_SVID_LIFETIME_MS > signer.expiresAtMs)
      return `cannot issue SVIDs: the authority's certificate expires at ${new Date(signer.expiresAtMs).toISOString()} (renew it)`;
    return signSvid(signer, spiffeId, request.publicKey, nowMs, this.#lifetimeMs);
  }
}
