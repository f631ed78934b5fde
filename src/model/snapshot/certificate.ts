/** A certificate chain with its private key, for listeners. Never logged or dumped. */
export interface CertificateResource {
  readonly type: 'certificate';
  /** `Secret/<namespace>/<name>`. */
  readonly name: string;
  readonly version: string;
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM. */
  readonly privateKey: string;
}
