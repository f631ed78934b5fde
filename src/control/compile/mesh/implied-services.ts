import { parseDocuments, type LoadedResource } from '#model/documents.ts';
import { compareText } from '../inventory.ts';
import type { LivePort, LiveWorkload } from './live-workload.ts';

const APP_PROTOCOL = { http: 'http', http2: 'kubernetes.io/h2c', tcp: 'tcp' } as const;
/** What clients ask that name no port (RFC 9110 §4.2.1). */
const HTTP_PORT = 80;

/** Services that nobody has declared, but that workloads serve: as if somebody had declared them. */
export class ImpliedServices {
  readonly #parsed = new Map<string, readonly LoadedResource[]>();

  /**
   * @param workloads of services that are not declared
   * @returns one Service for each name that is valid as one
   */
  of(workloads: readonly LiveWorkload[]): readonly LoadedResource[] {
    const groups = Map.groupBy(workloads, ({ namespace, service }) => `${namespace}/${service}`);
    const texts = new Map([...groups].map(([name, members]) => [name, documentOf(members)]));
    const current = new Set(texts.values());
    for (const text of this.#parsed.keys()) if (!current.has(text)) this.#parsed.delete(text);
    return [...texts.keys()].sort(compareText).flatMap((name) => this.#parse(texts.get(name)!));
  }

  #parse(text: string): readonly LoadedResource[] {
    let parsed = this.#parsed.get(text);
    if (parsed === undefined) this.#parsed.set(text, (parsed = parseDocuments('live workloads', text).resources));
    return parsed;
  }
}

function documentOf(workloads: readonly LiveWorkload[]): string {
  const { namespace, service } = workloads[0]!;
  const byNumber = new Map<number, LivePort>();
  for (const workload of workloads)
    for (const one of workload.ports) byNumber.set(one.port, byNumber.get(one.port) ?? one);
  const ports = [...byNumber.values()].sort((a, b) => a.port - b.port).map((one) => servicePort(one.port, one));
  const [only, ...others] = byNumber.values();
  if (only !== undefined && others.length === 0 && only.protocol !== 'tcp' && only.port !== HTTP_PORT)
    ports.unshift(servicePort(HTTP_PORT, only));
  return JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: service, namespace }, spec: { ports } });
}

function servicePort(port: number, { port: targetPort, protocol }: LivePort): object {
  return { name: `port-${port}`, port, targetPort, appProtocol: APP_PROTOCOL[protocol] };
}
