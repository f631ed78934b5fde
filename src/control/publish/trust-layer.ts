import type { TrustBundle } from '#identity/trust-bundle.ts';
import type { TrustBundleResource } from '#model/snapshot/trust-bundle.ts';
import { ResourceLayer } from '#xds/server/resource-layer.ts';
import { versioned } from '../compile/version.ts';

/** Whom proxies are to believe: one resource that all of them are shown. */
export class TrustLayer {
  readonly layer = new ResourceLayer('everybody');

  /** @param renewal asked of those whose SVIDs lead not to that root; null while none has to go early */
  publish({ trustDomain, version, roots }: TrustBundle, renewal: TrustBundleResource['renewal']): void {
    const resource = versioned<TrustBundleResource>({
      type: 'trust-bundle',
      name: trustDomain,
      bundleVersion: version,
      roots,
      renewal,
    });
    if (resource.version === this.layer.version) return;
    this.layer.apply({ version: resource.version, upserts: [resource], removals: [] });
  }
}
