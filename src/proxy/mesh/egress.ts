import { ProxyError } from '#errors/proxy-error.ts';
import { hostOf, portOf } from '#http/authority.ts';
import type { RequestHead } from '#http/head.ts';
import { egressName } from '#model/snapshot/mesh-service.ts';
import type { EgressMode, WorkloadResource } from '#model/snapshot/workload.ts';
import type { Exchange } from '../exchange/exchange.ts';

/** Decides what leaves the mesh as it is. Nothing does before the workload is known. */
export class Egress {
  #mode: EgressMode = 'RegistryOnly';
  /** Names of the declared hosts, as resources. */
  #hosts: ReadonlySet<string> = new Set();

  take({ egress, hosts = [] }: WorkloadResource): void {
    this.#mode = egress;
    this.#hosts = new Set(hosts.map(egressName));
  }

  /**
   * @param exchange that asks for no port of a known service
   * @param isKnown whether a service is known, whatever its ports
   * @returns why it does not leave the mesh, or null
   */
  problem(exchange: Exchange, isKnown: (service: string) => boolean): ProxyError | null {
    const host = egressName(hostOf(exchange.request.authority).replace(/\.$/, ''));
    // As it is, it could go in the clear where TLS is declared.
    if (this.#hosts.has(host) && !isKnown(host)) {
      const cause = 'the host is a declared Backend, and how it is reached is not known yet';
      return new ProxyError('no_healthy_upstream', 'local', 'stream', { cause });
    }
    return this.#mode === 'RegistryOnly' ? new ProxyError('egress_denied', 'local', 'stream') : misuseOf(exchange);
  }
}

/** What is asked of an `https:` URL must not leave in the clear, nor be answered as if nobody had read it on the way. */
export const refuseSecureTarget = ({ method, target }: RequestHead): ProxyError | null =>
  method !== 'CONNECT' && target.startsWith('https:')
    ? new ProxyError('bad_request', 'downstream', 'stream', {
        detail: 'Destinations with TLS are asked for with CONNECT',
      })
    : null;

/** @returns what is wrong with a request to a host outside, or null */
const misuseOf = ({ request, peer }: Exchange): ProxyError | null => {
  if (request.authority === '' || request.path === '*') return new ProxyError('route_not_found', 'local', 'stream');
  const secure = refuseSecureTarget(request);
  if (secure !== null) return secure;
  // A request for this very listener would come back to it without end.
  const loops = portOf(request.authority) === peer.localPort && LOCAL.test(addressOf(request.authority));
  return loops ? new ProxyError('misdirected_request', 'downstream', 'stream') : null;
};

const LOCAL = /^(?:localhost\.?|127\..*|::1|0\.0\.0\.0|::)$/;

/** @returns the host of an authority, an IPv6 address without its brackets */
export const addressOf = (authority: string): string => {
  const host = hostOf(authority);
  return host.startsWith('[') ? host.slice(1, -1) : host;
};
