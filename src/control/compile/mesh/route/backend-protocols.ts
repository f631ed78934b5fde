import type { BrokenReference, ClusterTarget } from '../../backend/backends.ts';
import type { Lookups } from '../../inventory.ts';
import type { RouteKind } from '../../route/route-kinds.ts';
import { meshProtocolOf } from '../mesh-protocol.ts';
import { isOfRequests } from './mesh-parents.ts';

/**
 * Tells whether a backend speaks what a route of the mesh sends: sidecars take requests on ports of requests alone, and
 * byte streams on all others.
 *
 * @returns why nothing can be sent there, or undefined
 */
export function speechlessness(kind: RouteKind, target: ClusterTarget, lookups: Lookups): BrokenReference | undefined {
  const sendsRequests = isOfRequests(kind);
  const service = target.kind === 'Service' ? lookups.find('Service', target.namespace, target.name) : undefined;
  const port = service?.spec.ports.find((one) => one.port === target.port && one.protocol === 'TCP');
  if (port === undefined || sendsRequests === (meshProtocolOf(port) !== 'tcp')) return undefined;
  const title = `port ${port.port} of Service ${target.namespace}/${target.name}`;
  const message = sendsRequests
    ? `${title} carries bytes as they are, and no requests: declare appProtocol http there`
    : `${title} speaks HTTP, and its sidecars take no byte streams: declare appProtocol tcp there`;
  return { field: 'port', reason: 'UnsupportedProtocol', message, isOfPolicy: false };
}
