import type { Diagnostic } from '#model/diagnostic.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import type { ResourceOf } from '#model/resource.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '#model/snapshot/snapshot.ts';
import type { Condition, ObjectStatus } from '../../status.ts';
import { Compiler, type CompileResult } from '../compiler.ts';
import type { LiveWorkload } from '../mesh/live-workload.ts';
import { gatewayRefusal } from '../mesh/membership.ts';
import type { Population } from '../mesh/mesh-compiler.ts';
import { GatewaySlices, refusedSlice } from './gateway-slices.ts';

type Gateway = ResourceOf<'Gateway'>;

/**
 * What a gateway's proxy is known by, which says who it is as well: ids become free, and whoever takes one next must find
 * nothing that was another's.
 */
export function gatewayProxyKey({ id, principal, gateway = '' }: LiveWorkload): string {
  return `${principal} ${gateway} ${id}`;
}

/** What the gateways of a mesh are served. */
export interface GatewaysResult {
  /** What each proxy serves, by {@link gatewayProxyKey}. */
  readonly proxies: ReadonlyMap<string, Snapshot>;
  /** Why proxies serve nothing, by their ids. */
  readonly problems: ReadonlyMap<string, string>;
  /** Of Gateways, and of routes and policies at them. */
  readonly statuses: readonly ObjectStatus[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Turns declared objects and live workloads into what the gateways of a mesh are to know, each in processes of its own.
 * Proxies of one gateway are given the identical resources.
 */
export class GatewaysCompiler {
  readonly #compiler = new Compiler();
  readonly #slices = new GatewaySlices();
  #last: CompileResult = { snapshot: EMPTY_SNAPSHOT, statuses: [], diagnostics: [] };
  #gateways: ReadonlyMap<string, Gateway> = new Map();

  /** What one more proxy serves, from what was compiled last. */
  preview(proxy: LiveWorkload): Snapshot {
    return this.#snapshotFor(proxy, new Map());
  }

  /**
   * @param proxies that announce themselves as gateways
   * @param rejected policies for security that were never valid: what they are about is closed
   * @param nowMs since 1970: it tells of certificates that expire
   */
  compile(
    { loaded, serving }: Population,
    proxies: readonly LiveWorkload[],
    rejected: readonly RejectedResource[],
    nowMs: number,
  ): GatewaysResult {
    this.#last = this.#compiler.compile(loaded, { rejected, serving, nowMs, areGatewaysApart: true });
    this.#gateways = gatewaysIn(loaded);
    const { statuses, diagnostics } = this.#last;
    const known = new Map<string, Snapshot>();
    const snapshots = new Map(proxies.map((proxy) => [gatewayProxyKey(proxy), this.#snapshotFor(proxy, known)]));
    const problems = new Map(
      proxies.flatMap((proxy) => {
        const problem = problemIn(snapshots.get(gatewayProxyKey(proxy)) ?? EMPTY_SNAPSHOT);
        return problem === null ? [] : [[proxy.id, problem]];
      }),
    );
    return { proxies: snapshots, problems, statuses, diagnostics };
  }

  /** @param known what was cut out already, by the gateway's name */
  #snapshotFor(proxy: LiveWorkload, known: Map<string, Snapshot>): Snapshot {
    const name = nameOf(proxy);
    const gateway = this.#gateways.get(name);
    const refusal = gatewayRefusal(proxy, gateway);
    if (refusal !== undefined) return refusedSlice(name, refusal);
    if (gateway === undefined) return refusedSlice(name, `Gateway ${name} is not declared, or not validly`);
    let snapshot = known.get(name);
    if (snapshot === undefined) {
      snapshot = this.#slices.slice(this.#last.snapshot, name, problemOf(gateway, this.#last.statuses));
      known.set(name, snapshot);
    }
    return snapshot;
  }
}

function problemIn({ resources }: Snapshot): string | null {
  for (const resource of resources.values()) if (resource.type === 'gateway') return resource.problem;
  return null;
}

function nameOf({ namespace, gateway = '' }: LiveWorkload): string {
  return `${namespace}/${gateway}`;
}

/** Of two with one name the first counts. */
function gatewaysIn(loaded: Population['loaded']): ReadonlyMap<string, Gateway> {
  const gateways = loaded.flatMap(({ resource }) => (resource.kind === 'Gateway' ? [resource] : []));
  return new Map(
    gateways.toReversed().map((gateway) => [`${gateway.metadata.namespace}/${gateway.metadata.name}`, gateway]),
  );
}

/** Why no listener of a gateway is served; null where one is. */
function problemOf({ metadata: { namespace, name } }: Gateway, statuses: readonly ObjectStatus[]): string | null {
  const status = statuses.find((one) => one.kind === 'Gateway' && one.namespace === namespace && one.name === name);
  const conditionOf = (type: string): Condition | undefined => status?.conditions.find((one) => one.type === type);
  if (conditionOf('Programmed')?.status === 'True') return null;
  const reasons = [conditionOf('Accepted')?.message ?? '', conditionOf('Programmed')?.message ?? ''];
  return `no listener of Gateway ${namespace}/${name} can be served: ${reasons.find((reason) => reason !== '') ?? 'nothing is known of it'}`;
}
