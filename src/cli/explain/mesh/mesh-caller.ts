/** A trust domain that is not told is the one that control planes make by default. */
export const TRUST_DOMAIN = 'cluster.local';

/** Who calls within a mesh. */
export interface MeshCaller {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly trustDomain: string;
}

/** SPIFFE id of a caller. */
export function principalOf({ trustDomain, namespace, serviceAccount }: MeshCaller): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}
