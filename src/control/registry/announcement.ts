import { isIP } from 'node:net';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import type { MeshProtocol } from '#model/snapshot/workload.ts';
import type { NodeIdentity } from '#xds/messages.ts';
import type { LivePort, LiveWorkload } from '../compile/mesh/live-workload.ts';

/*
 * What a sidecar says of its workload in the node of its discovery stream:
 *
 *   id         unique among running workloads
 *   service    `<namespace>/<name>`, or '' for a workload that serves nobody
 *   zone       topology zone
 *   metadata   address: IP address; mesh-port; ports: as in `8080/http,5432/tcp`; state: `ready`, `unready`, `draining`
 */

const MAX_ID_LENGTH = 253;
const MAX_PORTS = 64;
const STATES: ReadonlySet<string> = new Set<LiveWorkload['state']>(['ready', 'unready', 'draining']);
const PROTOCOLS: ReadonlySet<string> = new Set<MeshProtocol>(['http', 'http2', 'tcp']);

/** Writes what {@link readAnnouncement} reads. */
export function announce(workload: Omit<LiveWorkload, 'principal' | 'serviceAccount'>, version: string): NodeIdentity {
  const { id, namespace, service, zone, address, meshPort, ports, state } = workload;
  return {
    id,
    service: service === '' ? '' : `${namespace}/${service}`,
    zone,
    version,
    metadata: {
      address,
      'mesh-port': String(meshPort),
      ports: ports.map(({ port, protocol }) => `${port}/${protocol}`).join(','),
      state,
    },
  };
}

/**
 * Reads what a sidecar announces.
 *
 * @param principal of its certificate: the identity is never the node's own claim
 * @returns the reason where it is refused
 */
export function readAnnouncement(node: NodeIdentity, principal: string): LiveWorkload | string {
  const spiffeId = parseSpiffeId(principal);
  if (typeof spiffeId === 'string') return 'a workload needs an identity: connect with its certificate';
  const { namespace, serviceAccount } = spiffeId;
  const { address = '', 'mesh-port': meshPortText = '', ports: portsText = '', state = '' } = node.metadata;
  if (!/^[!-~]+$/.test(node.id) || node.id.length > MAX_ID_LENGTH)
    return `its id is not 1 to ${MAX_ID_LENGTH} printable characters`;
  const service = serviceIn(node.service, namespace);
  if (service === undefined) return `it is of namespace ${namespace} and cannot serve a service of another one`;
  const meshPort = readPort(meshPortText);
  const ports = readPorts(portsText);
  if (isIP(address) === 0) return 'its address is not an IP address (metadata address)';
  if (meshPort === undefined) return 'its mesh port is not a port number (metadata mesh-port)';
  if (ports === undefined) return 'its ports are not a list as in 8080/http,5432/tcp (metadata ports)';
  if (!STATES.has(state)) return 'its state is none of ready, unready and draining (metadata state)';
  const { id, zone } = node;
  return {
    id,
    principal,
    namespace,
    serviceAccount,
    service,
    address,
    meshPort,
    zone,
    ports,
    state: state as LiveWorkload['state'],
  };
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
