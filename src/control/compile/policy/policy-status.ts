import { controllerName } from '#model/gateway-class.ts';
import type { Identified } from '#model/resource.ts';
import type { Condition, ObjectStatus } from '../../status.ts';
import { compareText } from '../inventory.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import type { RoutePlan } from '../route/routes.ts';
import { backendKey } from './policy-target.ts';
import type { PolicyPlan } from './tls-policies.ts';

/** Names of gateways by `Service/shop/cart`. */
export type GatewaysByBackend = ReadonlyMap<string, ReadonlySet<string>>;

/** Tells through which gateways each backend is reached: a policy for it has its status at them. */
export function gatewaysByBackendOf(routes: readonly RoutePlan[]): GatewaysByBackend {
  const gateways = new Map<string, Set<string>>();
  for (const { backendsByGateway } of routes) {
    for (const [gateway, backends] of backendsByGateway) {
      for (const backend of backends) gateways.set(backend, (gateways.get(backend) ?? new Set()).add(gateway));
    }
  }
  return gateways;
}

/** Tells through which gateways a policy for backends works. */
export function gatewaysOf(
  { targets }: Pick<PolicyPlan, 'targets'>,
  gatewaysByBackend: GatewaysByBackend,
): readonly string[] {
  return targets.flatMap((target) => [...(gatewaysByBackend.get(backendKey(target)) ?? [])]);
}

/** Says what became of a policy: by itself, and the same at each gateway that it works for. */
export function policyStatus(
  { policy, conditions }: { readonly policy: Identified; readonly conditions: readonly Condition[] },
  gateways: readonly string[],
): ObjectStatus {
  const { kind, metadata } = policy;
  const ancestors = [...new Set(gateways)].toSorted(compareText).map((gateway) => {
    const [gatewayNamespace = '', gatewayName = ''] = gateway.split('/');
    const ancestorRef = { group: gatewayGroup, kind: 'Gateway', namespace: gatewayNamespace, name: gatewayName };
    return { ancestorRef, controllerName, conditions };
  });
  return { kind, namespace: metadata.namespace, name: metadata.name, conditions, ancestors };
}
