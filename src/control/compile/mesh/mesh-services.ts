import type { ResourceOf } from '#model/resource.ts';
import { meshListenerName, type MeshServicePort, type MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { versioned } from '../version.ts';
import { meshProtocolOf } from './mesh-protocol.ts';
import { routeName } from './route/mesh-routes.ts';
import type { RoutesByPlace } from './route/route-places.ts';

type Service = ResourceOf<'Service'>;

/** The DNS domain of Kubernetes clusters, so that names which work there work everywhere. */
const CLUSTER_DOMAIN = 'cluster.local';

/** Whether a Service can be called through the mesh at all. */
export function isInMesh({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && spec.ports.some(({ protocol }) => protocol === 'TCP');
}

/** As in `Service/shop/cart:80`. */
export function clusterNameOf({ metadata }: Service, port: number): string {
  return `Service/${metadata.namespace}/${metadata.name}:${port}`;
}

/**
 * Compiles what callers know of a Service.
 *
 * @param isNear whether they are of its namespace, where its name alone is enough
 */
export function meshService(service: Service, routes: RoutesByPlace, isNear: boolean): MeshServiceResource {
  const { namespace, name } = service.metadata;
  const full = `${name}.${namespace}`;
  const addresses = virtualAddressesOf(service);
  return versioned<MeshServiceResource>({
    type: 'mesh-service',
    name: `${namespace}/${name}`,
    hostnames: [...(isNear ? [name] : []), full, `${full}.svc`, `${full}.svc.${CLUSTER_DOMAIN}`],
    ...(addresses.length > 0 && { addresses }),
    ports: service.spec.ports
      .filter(({ protocol }) => protocol === 'TCP')
      .map((declared): MeshServicePort => {
        const { port } = declared;
        const attached = routes.get(meshListenerName(`${namespace}/${name}`, port));
        return {
          port,
          protocol: meshProtocolOf(declared),
          cluster: clusterNameOf(service, port),
          ...(attached !== undefined && { routes: attached.map(({ route }) => routeName(route)) }),
        };
      }),
  });
}

function virtualAddressesOf({ spec }: Service): readonly string[] {
  const declared = [...(spec.clusterIP === undefined ? [] : [spec.clusterIP]), ...spec.clusterIPs];
  return [...new Set(declared)].filter((address) => address !== 'None');
}
