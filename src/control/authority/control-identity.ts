import { createSpiffeId, type SpiffeId } from '#identity/spiffe-id.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';

/** Namespace of Selvage's own processes: no join token opens it. */
export const SYSTEM_NAMESPACE = 'selvage-system';

/** Who a control plane is: what proxies expect of its certificate. */
export function controlPlaneId(trustDomain: TrustDomain): SpiffeId {
  return createSpiffeId(trustDomain, SYSTEM_NAMESPACE, 'selvage-control') as SpiffeId;
}
