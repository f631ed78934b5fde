import type { Attestors } from '#control/authority/attestation.ts';
import type { CertificateAuthority } from '#control/authority/certificate-authority.ts';
import { Issuer, type IssuanceRecord } from '#control/authority/issuer.ts';
import { gatewayProxyKey, GatewaysCompiler, type GatewaysResult } from '#control/compile/edge/gateways-compiler.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { MeshCompiler, type MeshResult } from '#control/compile/mesh/mesh-compiler.ts';
import type { Declared } from '#control/declared-objects.ts';
import { mergeStatuses } from '#control/merged-statuses.ts';
import { IDENTITY_PATH, identityMethod } from '#control/publish/identity-exchange.ts';
import { MeshLayers } from '#control/publish/mesh-layers.ts';
import { PublishedLayers } from '#control/publish/published-layers.ts';
import { TrustLayer } from '#control/publish/trust-layer.ts';
import { REPORT_PATH, reportMethod } from '#control/publish/workload-report.ts';
import { readAnnouncement } from '#control/registry/announcement.ts';
import { type RegisteredWorkload, WorkloadRegistry } from '#control/registry/workload-registry.ts';
import { systemClock } from '#control/sources/clock.ts';
import { Debounce } from '#control/sources/debounce.ts';
import { type ObjectStatus, withBrokenObjects } from '#control/status.ts';
import type { PeerIdentity } from '#identity/peer-identity.ts';
import type { Diagnostic } from '#model/diagnostic.ts';
import type { TrustBundleResource } from '#model/snapshot/trust-bundle.ts';
import { Clock } from '#transport/clock.ts';
import { DiscoveryServer } from '#xds/discovery-server.ts';
import { discoveryMethod, DISCOVERY_PATH } from '#xds/discovery-transport.ts';
import { GrpcServer } from '#xds/grpc-server.ts';
import { PERMISSION_DENIED, UNAVAILABLE } from '#xds/grpc-status.ts';
import type { NodeIdentity } from '#xds/messages.ts';
import type { Admission } from '#xds/server/discovery-stream.ts';
import type { ProxyStatus } from '#xds/server/proxy-status.ts';
import type { ResourceLayer } from '#xds/server/resource-layer.ts';
import type { EventKind } from './event-log.ts';

export interface ControlPlaneOptions {
  /** Told what has happened with a proxy. */
  readonly noted: (kind: EventKind, subject: string, text: string) => void;
  readonly authority: CertificateAuthority;
  readonly attestors: Attestors;
  readonly record: (record: IssuanceRecord) => void;
  /** Told, whenever all was compiled, what is wrong with it, and which workloads there are. */
  readonly compiled: (diagnostics: readonly Diagnostic[], workloads: readonly LiveWorkload[]) => void;
  /** Told of a defect of the compiler, in one sentence; what was published stays. */
  readonly failed: (message: string) => void;
}

/** Changes that come together are compiled together: after so much silence, and after so long at the latest. */
const DEBOUNCE = { quietMs: 50, maxDelayMs: 500, clock: systemClock };

/** What a control plane does not know, its proxies would take for gone. */
const NOTHING_COMPILED = { code: UNAVAILABLE, message: 'the control plane has not read its documents yet' };

/**
 * A control plane without its sockets and its folder:
 *
 * ```
 *  declare ──────────┐  ┌─► MeshCompiler ─────► MeshLayers ────────┐
 *                    ├──┤                                          ├─► DiscoveryServer ─► sidecars, gateways
 *  WorkloadRegistry ─┘  └─► GatewaysCompiler ─► PublishedLayers ───┘         │
 *        ▲──────────────────── who is connected ─────────────────────────────┘
 * ```
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #issuer: Issuer;
  readonly #compiler = new MeshCompiler();
  readonly #layers = new MeshLayers();
  readonly #gatewaysCompiler = new GatewaysCompiler();
  /** They may hold private keys, so each proxy has its own. */
  readonly #gatewayLayers = new PublishedLayers('addressed');
  readonly #trust = new TrustLayer();
  readonly #clock = new Clock();
  readonly #debounce = new Debounce(() => this.#compile(), DEBOUNCE);
  readonly #registry = new WorkloadRegistry({
    clock: systemClock,
    changed: () => this.#debounce.call(),
    removed: (workload) => {
      // At once, not when all is compiled: a gateway's layer has private keys, and its id is free from now on.
      this.#layers.forget(workload.id);
      this.#gatewayLayers.forget(gatewayProxyKey(workload));
    },
  });
  readonly #discovery = new DiscoveryServer({
    admit: (node, principal) => this.#admit(node, principal),
    schedule: (task) => void setImmediate(task),
    ended: (node, _principal, { message }) => {
      if (node === null) return;
      this.#registry.disconnect(node.id);
      this.#options.noted('disconnected', node.id, message || 'the connection was closed');
    },
    refused: (node, type, name, reason) => this.#options.noted('cannot-use', node.id, `${type} ${name}: ${reason}`),
  });
  /** Undefined before the first reading. */
  #declared: Declared | undefined;
  #mesh: MeshResult | undefined;
  #gateways: GatewaysResult | undefined;

  constructor(options: ControlPlaneOptions) {
    const { authority, attestors, record } = options;
    this.#options = options;
    this.#issuer = new Issuer({ authority, attestors, record });
  }

  /** What was compiled last; undefined before. */
  get mesh(): MeshResult | undefined {
    return this.#mesh;
  }

  /** The same of gateways. */
  get gateways(): GatewaysResult | undefined {
    return this.#gateways;
  }

  /** What became of each declared object, as far as it has a status. */
  get statuses(): readonly ObjectStatus[] {
    const statuses = mergeStatuses(this.#gateways?.statuses ?? [], this.#mesh?.statuses ?? []);
    return withBrokenObjects(statuses, this.#declared?.broken ?? []);
  }

  /** What is declared, with the last good forms of what is not valid; undefined before the first reading. */
  get declared(): Declared | undefined {
    return this.#declared;
  }

  /** What is wrong with what is declared. */
  get diagnostics(): readonly Diagnostic[] {
    const found = [this.#declared, this.#mesh, this.#gateways].flatMap((one) => one?.diagnostics ?? []);
    return distinct(found);
  }

  get workloads(): readonly RegisteredWorkload[] {
    return this.#registry.list();
  }

  get proxies(): readonly ProxyStatus[] {
    return this.#discovery.status();
  }

  /** Tells all proxies whom to believe from now on. @param renewal see {@link TrustBundleResource} */
  publishTrust(renewal: TrustBundleResource['renewal']): void {
    this.#trust.publish(this.#options.authority.bundle, renewal);
  }

  /** Counts the workloads of the last life until they are back. Call it first. */
  restore(workloads: readonly LiveWorkload[]): void {
    this.#registry.restore(workloads);
  }

  /** Takes what the documents declare now, and publishes it at once. */
  declare(declared: Declared): void {
    this.#declared = declared;
    this.#compile();
  }

  /** What a connection is offered. @param peer null for somebody without a valid certificate */
  serve(peer: PeerIdentity | null): GrpcServer {
    const { trustDomain } = this.#options.authority.bundle;
    const methods = new Map([[IDENTITY_PATH, identityMethod(this.#issuer, trustDomain, peer)]]);
    if (peer !== null) {
      methods.set(DISCOVERY_PATH, discoveryMethod(this.#discovery, peer.serialNumber));
      methods.set(REPORT_PATH, reportMethod(this.#registry, peer.spiffeId.uri));
    }
    return new GrpcServer(this.#clock, methods);
  }

  /** Sends all proxies away. */
  close(): void {
    this.#discovery.close();
    this.#debounce.close();
    this.#registry.close();
    this.#clock.stop();
  }

  #admit(node: NodeIdentity, principal: string): Admission {
    if (this.#mesh === undefined || this.#gateways === undefined) return { admitted: false, status: NOTHING_COMPILED };
    const workload = readAnnouncement(node, principal);
    const refusal = typeof workload === 'string' ? workload : this.#registry.connect(workload);
    if (typeof workload === 'string' || refusal !== undefined) {
      this.#options.noted('not-admitted', principal, `as ${node.id.slice(0, 253)}: ${refusal ?? ''}`);
      return { admitted: false, status: { code: PERMISSION_DENIED, message: refusal ?? '' } };
    }
    this.#options.noted('connected', workload.id, `${principal} with Selvage ${node.version}`);
    return { admitted: true, layers: [...this.#layersOf(workload), this.#trust.layer] };
  }

  #layersOf(workload: LiveWorkload): readonly ResourceLayer[] {
    if (workload.gateway === undefined)
      return this.#layers.of(
        workload,
        () => this.#compiler.preview(workload),
        () => this.#compiler.previewNamespace(workload.namespace),
      );
    return [this.#gatewayLayers.of(gatewayProxyKey(workload), () => this.#gatewaysCompiler.preview(workload))];
  }

  #compile(): void {
    this.#debounce.close();
    if (this.#declared === undefined) return;
    const workloads = this.#registry.list().map(({ workload }) => workload);
    const [sidecars, gateways] = [workloads.filter(isSidecar), workloads.filter((workload) => !isSidecar(workload))];
    const { loaded, rejected } = this.#declared;
    try {
      this.#mesh = this.#compiler.compile(loaded, sidecars, rejected);
      this.#layers.publish(this.#mesh);
      this.#gateways = this.#gatewaysCompiler.compile(this.#compiler.population, gateways, rejected, Date.now());
      this.#gatewayLayers.publish(this.#gateways.proxies);
    } catch (error) {
      this.#options.failed(`cannot compile what is declared: ${error instanceof Error ? error.stack : String(error)}`);
      return;
    }
    this.#options.compiled(this.diagnostics, workloads);
  }
}

/** What is wrong for sidecars may be wrong for gateways as well. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}

function isSidecar({ gateway }: LiveWorkload): boolean {
  return gateway === undefined;
}
