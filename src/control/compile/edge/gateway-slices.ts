import type { GatewayResource } from '#model/snapshot/gateway.ts';
import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import { referencesOf } from '#model/snapshot/references.ts';
import { snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { compareText } from '../inventory.ts';
import { contentVersion, versioned } from '../version.ts';

type Route = HttpRouteResource | StreamRouteResource;

/**
 * Cuts what one gateway needs out of a snapshot for all: its listeners, the routes that are attached to them, and what
 * these lead to. What a gateway has no use for it is not told, private keys of others least of all.
 */
export class GatewaySlices {
  /** Routes of several gateways, as each of them sees them: the same object while the route is the same. */
  readonly #ofGateway = new WeakMap<Route, Map<string, Route>>();

  /** @param gateway `<namespace>/<name>` @param problem why nothing of it is served; null where it is */
  slice({ resources }: Snapshot, gateway: string, problem: string | null): Snapshot {
    const listeners = [...resources.values()].filter(
      (resource) => resource.type === 'listener' && resource.gateway === gateway,
    );
    const names: ReadonlySet<string> = new Set(listeners.map(({ name }) => name));
    const routes = [...resources.values()].flatMap((resource) =>
      resource.type === 'http-route' || resource.type === 'stream-route'
        ? (this.#routeAt(resource, gateway, names) ?? [])
        : [],
    );
    const own = versioned<GatewayResource>({ type: 'gateway', name: gateway, problem });
    return snapshotOf([own, ...withReferences([...listeners, ...routes], resources)]);
  }

  #routeAt(route: Route, gateway: string, listeners: ReadonlySet<string>): Route | undefined {
    const attachments = route.attachments.filter(({ listener }) => listeners.has(listener));
    if (attachments.length === 0) return undefined;
    if (attachments.length === route.attachments.length) return route;
    const known = this.#ofGateway.get(route) ?? new Map<string, Route>();
    this.#ofGateway.set(route, known);
    let cut = known.get(gateway);
    if (cut === undefined) {
      const { version: _, ...content } = route;
      known.set(gateway, (cut = versioned<Route>({ ...content, attachments })));
    }
    return cut;
  }
}

/** What a proxy is told that may not serve a gateway. */
export function refusedSlice(gateway: string, problem: string): Snapshot {
  return snapshotOf([versioned<GatewayResource>({ type: 'gateway', name: gateway, problem })]);
}

function withReferences(
  roots: readonly SnapshotResource[],
  resources: Snapshot['resources'],
): readonly SnapshotResource[] {
  const found = new Map(roots.map((resource) => [snapshotKey(resource), resource]));
  // The map grows while it is walked, by what is found on the way.
  for (const resource of found.values()) {
    for (const key of referencesOf(resource)) {
      const referred = resources.get(key);
      if (referred !== undefined && !found.has(key)) found.set(key, referred);
    }
  }
  return [...found.values()];
}

function snapshotOf(resources: readonly SnapshotResource[]): Snapshot {
  const sorted = new Map(
    resources.map((resource) => [snapshotKey(resource), resource] as const).sort(([a], [b]) => compareText(a, b)),
  );
  const contents = [...sorted].map(([key, { version }]) => `${key} ${version}`);
  return Object.freeze({ version: contentVersion(contents.join('\n')), resources: sorted });
}
