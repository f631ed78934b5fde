import type { TrustBundle } from '#identity/trust-bundle.ts';
import type { Signer } from './signer.ts';

/** Where an authority's signing key and its roots come from. */
export interface SigningKeys {
  /** What workloads are to trust. */
  readonly bundle: TrustBundle;
  /** What signs now; its root is in the bundle. */
  readonly signer: Signer;
  /**
   * What signs the control plane's own certificate: by the root that has been trusted longest, so that proxies that were
   * away since an exchange began still believe it.
   */
  readonly ownSigner: Signer;
  /**
   * Takes the steps that have become due.
   *
   * @returns whether the bundle has changed
   */
  advance(nowMs: number): boolean;
}
