import type { RequestHead } from '#http/head.ts';
import type { WorkloadPort } from '#model/snapshot/workload.ts';
import type { ClusterSlot, Filter, Listener, Rule, StreamRoute } from '../exchange/exchange.ts';
import type { StreamAuthorization } from '../filters/authorization/stream-authorization.ts';

/** What is asked before the application is. */
export interface PortProtection {
  /** Of requests. */
  readonly filters: readonly Filter[];
  /** Of byte streams that no request stands for; null where no policy is asked. */
  readonly streams: StreamAuthorization | null;
}

/** One port of the application, compiled. */
export class ServedPort {
  readonly port: number;
  /** Name of the cluster that the application is. */
  readonly cluster: string;
  readonly listener: Listener;
  /** Whether byte streams are passed, and no requests. */
  readonly opaque: boolean;
  /** Whether peers outside of the mesh may call. */
  readonly permissive: boolean;
  /** Of byte streams. */
  readonly stream: StreamRoute;
  readonly streamAuthorization: StreamAuthorization | null;
  readonly #slot: ClusterSlot;
  readonly #filters: readonly Filter[];
  readonly #exemptPaths: ReadonlySet<string>;

  /** @param workload `<namespace>/<service-account>/<id>` */
  constructor(workload: string, port: WorkloadPort, slot: ClusterSlot, protection: PortProtection) {
    this.port = port.port;
    this.cluster = slot.name;
    this.opaque = port.protocol === 'tcp';
    this.permissive = port.mtls === 'PERMISSIVE';
    this.#slot = slot;
    this.#filters = protection.filters;
    this.streamAuthorization = protection.streams;
    this.stream = { route: '', backends: [{ slot, weight: 1 }], totalWeight: 1 };
    this.#exemptPaths = new Set(port.exemptPaths);
    this.listener = {
      name: slot.name,
      gateway: workload.slice(0, workload.lastIndexOf('/')),
      port: port.port,
      protocol: this.opaque ? 'TCP' : 'HTTP',
      authorization: null,
      metricScope: null,
    };
  }

  /** Whether a request is one of a health probe, which has no identity: by its exact path alone. */
  isExempt({ method, path, target }: RequestHead): boolean {
    // The target as it came too: what was brought to its normal form was something else to whoever wrote it.
    return (method === 'GET' || method === 'HEAD') && this.#exemptPaths.has(path) && target.startsWith(path);
  }

  /** Makes a rule of its own for one caller, whose requests then count apart. The caller's sidecar keeps time. */
  createRule(): Rule {
    return {
      route: '',
      name: '',
      filters: this.#filters,
      backends: [{ slot: this.#slot, weight: 1, filters: [], metricScope: null }],
      totalWeight: 1,
      requestTimeoutMs: 0,
      attemptTimeoutMs: 0,
      metricScope: null,
    };
  }
}
