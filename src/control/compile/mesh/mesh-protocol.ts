import type { ResourceOf } from '#model/resource.ts';
import type { MeshProtocol } from '#model/snapshot/workload.ts';
import { expectsTls, protocolOf } from '../backend/backends.ts';

type ServicePort = ResourceOf<'Service'>['spec']['ports'][number];

/** Protocols in which the server speaks first, or that are no HTTP: bytes unless declared otherwise (as in Linkerd). */
const OPAQUE_PORTS: ReadonlySet<number> = new Set([25, 587, 3306, 4222, 4444, 5432, 6379, 9300, 11_211]);

/** First words of port names that say what is spoken (`grpc-web` is HTTP/1.1 as well as HTTP/2). */
const BY_PREFIX: Readonly<Record<string, MeshProtocol>> = {
  http: 'http',
  http2: 'http2',
  h2c: 'http2',
  grpc: 'http2',
  tcp: 'tcp',
  tls: 'tcp',
  https: 'tcp',
};

/** Tells what is spoken at a port of a Service: as declared, else by the name of the port, else by its number. */
export function meshProtocolOf({ appProtocol, name, port }: ServicePort): MeshProtocol {
  if (appProtocol !== undefined) {
    // The application's own TLS passes through the mesh unread.
    if (expectsTls(appProtocol)) return 'tcp';
    const protocol = protocolOf(appProtocol);
    return protocol === undefined ? 'tcp' : protocol === 'http2' ? 'http2' : 'http';
  }
  const prefix = name?.split('-')[0] ?? '';
  if (Object.hasOwn(BY_PREFIX, prefix)) return BY_PREFIX[prefix] as MeshProtocol;
  return OPAQUE_PORTS.has(port) ? 'tcp' : 'http';
}
