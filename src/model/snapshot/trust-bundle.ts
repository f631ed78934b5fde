/** Whom a mesh's proxies believe, told to all of them as soon as it changes; renewals bring the same, only later. */
export interface TrustBundleResource {
  readonly type: 'trust-bundle';
  /** The trust domain. */
  readonly name: string;
  readonly version: string;
  /** Grows with every change of the roots: what is late must not bring back a root that was dropped. */
  readonly bundleVersion: number;
  /** PEM. */
  readonly roots: readonly string[];
  /** Asks whoever has an SVID that leads not to this root (PEM) to renew it at a random moment within this time. */
  readonly renewal: { readonly root: string; readonly withinMs: number } | null;
}
