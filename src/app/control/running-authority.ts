import { X509Certificate } from 'node:crypto';
import type { ControlOptions } from '#cli/control.ts';
import { BuiltInKeys } from '#control/authority/built-in-keys.ts';
import { CertificateAuthority } from '#control/authority/certificate-authority.ts';
import { ExternalFiles } from '#control/authority/external-files.ts';
import { type ProxyTrust, RootExchange } from '#control/authority/root-exchange.ts';
import type { Prompt, Rotation } from '#control/authority/root-rotation.ts';
import type { SigningKeys } from '#control/authority/signing-keys.ts';
import type { StateFolder } from '#control/authority/state-folder.ts';
import { keyIdentifierOf } from '#identity/x509/certificate-builder.ts';
import { readCertificateFields } from '#identity/x509/certificate-fields.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import type { TrustBundleResource } from '#model/snapshot/trust-bundle.ts';
import { fingerprintOf } from '../member/join-text.ts';
import { saveNamedRoots } from './named-roots.ts';
import { issueOwnCredentials, type ServerCredentials } from './own-identity.ts';

/** A root as operators see it. */
export interface RootView {
  /** Of the certificate; lower case, hexadecimal. */
  readonly sha256: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  /** Whether SVIDs are signed by it now, or by an authority below it. */
  readonly signs: boolean;
}

/** What `selvage root status` shows. */
export interface RootsView {
  readonly trustDomain: string;
  /** `external`: from files of the operator's, who exchanges roots there. */
  readonly authority: 'built-in' | 'external';
  readonly bundleVersion: number;
  readonly phase: Rotation['phase'];
  readonly isPrompt: boolean;
  /** When the next step of an exchange is taken at the latest, milliseconds since 1970; null while there is none. */
  readonly nextStepAtMs: number | null;
  /** Ids of connected proxies that are not ready for that step. */
  readonly waitingFor: readonly string[];
  /** When the certificate that signs expires, milliseconds since 1970. */
  readonly signerExpiresAtMs: number;
  readonly svidLifetimeMs: number;
  /** Oldest first. */
  readonly roots: readonly RootView[];
}

export interface RunningAuthorityOptions {
  readonly control: ControlOptions;
  readonly folder: StateFolder;
  readonly trustDomain: TrustDomain;
  /** Told what signs, or what is trusted, has changed: it is to be published, and the new credentials are to be shown. */
  readonly changed: (authority: RunningAuthority) => void;
  readonly complain: (message: string) => void;
  /** Proxies that are connected now. */
  readonly proxies: () => readonly ProxyTrust[];
}

/** The certificate authority of one life of `selvage control`, with all that has to be done for it from time to time. */
export class RunningAuthority {
  readonly authority: CertificateAuthority;
  readonly #options: RunningAuthorityOptions;
  readonly #keys: SigningKeys;
  /** Undefined where roots come from files. */
  readonly #exchange: RootExchange | undefined;
  readonly #builtIn: BuiltInKeys | undefined;
  #credentials: ServerCredentials;
  #renewAtMs: number;

  /** @throws where the state folder, or an external authority, cannot be used */
  constructor(options: RunningAuthorityOptions, nowMs: number) {
    const { control, folder, trustDomain, complain, proxies } = options;
    const { svidLifetimeMs, externalAuthority: paths } = control;
    this.#options = options;
    if (paths === null) {
      this.#builtIn = BuiltInKeys.open(folder, trustDomain, svidLifetimeMs, nowMs);
      this.#exchange = new RootExchange({ keys: this.#builtIn, proxies });
      this.#keys = this.#builtIn;
    } else this.#keys = new ExternalFiles({ paths, folder, trustDomain, complain }, nowMs);
    this.authority = new CertificateAuthority({ keys: this.#keys, svidLifetimeMs });
    saveNamedRoots(folder, this.#keys.bundle.roots);
    this.#credentials = issueOwnCredentials(this.authority, nowMs);
    this.#renewAtMs = halfWay(nowMs, this.#credentials.expiresAtMs);
  }

  /** What the control plane shows in handshakes, and whom it believes. */
  get credentials(): ServerCredentials {
    return this.#credentials;
  }

  /** What is asked of proxies whose SVIDs lead to a root that goes before their time. */
  get renewal(): TrustBundleResource['renewal'] {
    const rotation = this.#builtIn?.rotation;
    if (this.#builtIn === undefined || rotation?.phase !== 'retiring' || rotation.prompt === undefined) return null;
    return { root: this.#builtIn.newestRoot, withinMs: rotation.prompt.marginMs };
  }

  /**
   * Begins to exchange the root.
   *
   * @param prompt absent where time alone counts
   * @returns the reason where that is not possible
   */
  rotate(nowMs: number, prompt: Prompt | undefined): string | undefined {
    if (this.#exchange === undefined)
      return 'the roots of this mesh come from files: exchange them there (docs/identity.md says in which order)';
    const problem = this.#exchange.begin(nowMs, prompt);
    if (problem === undefined) this.#renew(nowMs);
    return problem;
  }

  /** Does what is due: a step of an exchange, files that have changed, its own certificate. To be called every second or so. */
  maintain(nowMs: number): void {
    try {
      const { signer, bundle } = this.#keys;
      if (this.#exchange === undefined) this.#keys.advance(nowMs);
      else this.#exchange.advance(nowMs);
      const hasChanged = signer !== this.#keys.signer || bundle !== this.#keys.bundle;
      if (hasChanged || nowMs >= this.#renewAtMs) this.#renew(nowMs);
    } catch (error) {
      this.#options.complain(error instanceof Error ? error.message : String(error));
    }
  }

  /** What is true of the roots now, in one line. */
  get summary(): string {
    const { phase, bundleVersion, roots } = this.view();
    return `${phase}: bundle version ${bundleVersion} of ${roots.length} root${roots.length === 1 ? '' : 's'}`;
  }

  view(): RootsView {
    const { bundle, signer } = this.#keys;
    const rotation = this.#builtIn?.rotation ?? { phase: 'steady' };
    const signsAlone = bundle.roots.length === 1;
    return {
      trustDomain: bundle.trustDomain,
      authority: this.#builtIn === undefined ? 'external' : 'built-in',
      bundleVersion: bundle.version,
      phase: rotation.phase,
      isPrompt: rotation.phase !== 'steady' && rotation.prompt !== undefined,
      nextStepAtMs: nextStepOf(rotation),
      waitingFor: this.#exchange?.waitingFor() ?? [],
      signerExpiresAtMs: signer.expiresAtMs,
      svidLifetimeMs: this.#options.control.svidLifetimeMs,
      roots: bundle.roots.map((pem) => rootView(pem, signer.keyIdentifier, signsAlone)),
    };
  }

  #renew(nowMs: number): void {
    saveNamedRoots(this.#options.folder, this.#keys.bundle.roots);
    this.#credentials = issueOwnCredentials(this.authority, nowMs);
    this.#renewAtMs = halfWay(nowMs, this.#credentials.expiresAtMs);
    this.#options.changed(this);
  }
}

function nextStepOf(rotation: Rotation): number | null {
  if (rotation.phase === 'steady') return null;
  return rotation.phase === 'announced' ? rotation.switchAtMs : rotation.dropAtMs;
}

function rootView(pem: string, signerKeyId: Uint8Array, signsAlone: boolean): RootView {
  const certificate = new X509Certificate(pem);
  const fields = readCertificateFields(certificate.raw);
  const keyId =
    fields?.subjectKeyIdentifier ?? keyIdentifierOf(certificate.publicKey.export({ type: 'spki', format: 'der' }));
  return {
    sha256: fingerprintOf(certificate),
    subject: certificate.subject.replaceAll('\n', ', '),
    notBeforeMs: certificate.validFromDate.getTime(),
    expiresAtMs: certificate.validToDate.getTime(),
    signs: signsAlone || Buffer.from(keyId).equals(Buffer.from(signerKeyId)),
  };
}

function halfWay(fromMs: number, toMs: number): number {
  return fromMs + (toMs - fromMs) / 2;
}
