import { isIP } from 'node:net';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import type { MeshProtocol } from '#model/snapshot/workload.ts';
import type { NodeIdentity } from '#xds/messages.ts';
import type { LivePort, LiveWorkload } from '../compile/mesh/live-workload.ts';

/*
 * What a proxy says of its workload in the node of its discovery stream:
 *
 *   id         unique among running workloads
 *   service    `<namespace>/<name>`, or '' for a workload that serves nobody
 *   zone       topology zone
 *   metadata   address: IP address; state: `ready`, `unready`, `draining`;
 *              of a sidecar also mesh-port, and ports: as in `8080/http,5432/tcp`; of a gateway also gateway: its name
 */

const MAX_ID_LENGTH = 253;
const MAX_PORTS = 64;
const STATES: ReadonlySet<string> = new Set<LiveWorkload['state']>(['ready', 'unready', 'draining']);
/** As Kubernetes has names of objects. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const PROTOCOLS: ReadonlySet<string> = new Set<MeshProtocol>(['http', 'http2', 'tcp']);

/** Writes what {@link readAnnouncement} reads. */
export function announce(workload: Omit<LiveWorkload, 'principal' | 'serviceAccount'>, version: string): NodeIdentity {
  const { id, namespace, service, gateway, zone, address, meshPort, ports, state } = workload;
  const listed = ports.map(({ port, protocol }) => `${port}/${protocol}`).join(',');
  return {
    id,
    service: service === '' ? '' : `${namespace}/${service}`,
    zone,
    version,
    metadata: {
      address,
      state,
      ...(gateway === undefined ? { 'mesh-port': String(meshPort), ports: listed } : { gateway }),
    },
  };
}

/** What every proxy announces. */
type Announced = Pick<
  LiveWorkload,
  'id' | 'principal' | 'namespace' | 'serviceAccount' | 'service' | 'address' | 'zone' | 'state'
>;

/**
 * Reads what a proxy announces.
 *
 * @param principal of its certificate: the identity is never the node's own claim
 * @returns the reason where it is refused
 */
export function readAnnouncement(node: NodeIdentity, principal: string): LiveWorkload | string {
  const spiffeId = parseSpiffeId(principal);
  if (typeof spiffeId === 'string') return 'a workload needs an identity: connect with its certificate';
  const { namespace, serviceAccount } = spiffeId;
  const { id, zone, metadata } = node;
  const { address = '', state = '', gateway } = metadata;
  if (!/^[!-~]+$/.test(id) || id.length > MAX_ID_LENGTH)
    return `its id is not 1 to ${MAX_ID_LENGTH} printable characters`;
  const service = serviceIn(node.service, namespace);
  if (service === undefined) return `it is of namespace ${namespace} and cannot serve a service of another one`;
  if (isIP(address) === 0) return 'its address is not an IP address (metadata address)';
  if (!STATES.has(state)) return 'its state is none of ready, unready and draining (metadata state)';
  const announced: Announced = {
    id,
    principal,
    namespace,
    serviceAccount,
    service,
    address,
    zone,
    state: state as LiveWorkload['state'],
  };
  return gateway === undefined ? readSidecar(announced, metadata) : readGateway(announced, gateway);
}

function readSidecar(announced: Announced, metadata: NodeIdentity['metadata']): LiveWorkload | string {
  const meshPort = readPort(metadata['mesh-port'] ?? '');
  const ports = readPorts(metadata['ports'] ?? '');
  if (meshPort === undefined) return 'its mesh port is not a port number (metadata mesh-port)';
  if (ports === undefined) return 'its ports are not a list as in 8080/http,5432/tcp (metadata ports)';
  return { ...announced, meshPort, ports };
}

function readGateway(announced: Announced, gateway: string): LiveWorkload | string {
  if (announced.service !== '') return 'it is a gateway and cannot serve a service as well';
  if (!NAME.test(gateway)) return 'its gateway is not a name (metadata gateway)';
  // Nobody calls it through the mesh.
  return { ...announced, gateway, meshPort: 0, ports: [] };
}

/** @returns undefined where it is of another namespace */
function serviceIn(service: string, namespace: string): string | undefined {
  if (service === '') return '';
  return service.startsWith(`${namespace}/`) ? service.slice(namespace.length + 1) : undefined;
}

function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function readPorts(text: string): readonly LivePort[] | undefined {
  if (text === '') return [];
  const ports: LivePort[] = [];
  for (const part of text.split(',', MAX_PORTS + 1)) {
    const [number = '', protocol = '', ...rest] = part.split('/');
    const port = readPort(number);
    if (port === undefined || !PROTOCOLS.has(protocol) || rest.length > 0) return undefined;
    ports.push({ port, protocol: protocol as MeshProtocol });
  }
  return ports.length > MAX_PORTS ? undefined : ports;
}
