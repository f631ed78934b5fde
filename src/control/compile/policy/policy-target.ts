/** The API group of Selvage's own kinds. */
export const ownGroup = 'selvage.dev';

/** A backend that a policy may be about. */
export interface PolicyTarget {
  readonly kind: 'Service' | 'Backend';
  readonly namespace: string;
  readonly name: string;
}

/** Tells what a reference of a policy means; undefined for a kind that no policy is for. */
export function policyTargetOf(
  { group, kind, name }: { readonly group: string; readonly kind: string; readonly name: string },
  namespace: string,
): PolicyTarget | undefined {
  if (group === '' && kind === 'Service') return { kind, namespace, name };
  return group === ownGroup && kind === 'Backend' ? { kind, namespace, name } : undefined;
}

/** As in `Service/shop/cart`. */
export function backendKey({ kind, namespace, name }: PolicyTarget): string {
  return `${kind}/${namespace}/${name}`;
}
