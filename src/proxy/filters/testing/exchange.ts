import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead } from '#http/head.ts';
import { hostOf } from '#http/authority.ts';
import {
  Exchange,
  type Cluster,
  type ClusterSlot,
  type DownstreamPeer,
  type DownstreamStream,
} from '../../exchange/exchange.ts';

/** What a test says of a request; the rest is an ordinary GET. */
export interface TestRequest {
  readonly method?: string;
  readonly scheme?: 'http' | 'https';
  readonly authority?: string;
  readonly path?: string;
  readonly query?: string;
  /** name, value, name, value, … */
  readonly fields?: readonly string[];
  readonly matchedPrefixLength?: number;
  readonly listenerPort?: number;
  readonly peer?: Partial<DownstreamPeer>;
}

/** An exchange for tests of filters, whose response goes nowhere. */
export function createTestExchange(test: TestRequest = {}): Exchange {
  const { method = 'GET', authority = 'example.com', path = '/', query = '', fields = [] } = test;
  const request = new RequestHead(method, path + query, authority, path, query, new Fields([...fields]), 11);
  request.scheme = test.scheme ?? 'http';
  const peer: DownstreamPeer = {
    remoteAddress: '192.0.2.7',
    remotePort: 50000,
    localAddress: '127.0.0.1',
    localPort: 8080,
    encrypted: false,
    tls: null,
    metricScope: null,
    ...test.peer,
  };
  const exchange = new Exchange(request, peer, NOWHERE, hostOf(authority), 0);
  exchange.requestId = '0190b5a4-7c2e-7000-8000-000000000000';
  exchange.matchedPrefixLength = test.matchedPrefixLength ?? -1;
  const port = test.listenerPort ?? 8080;
  exchange.listener = {
    name: 'shop/edge/web',
    gateway: 'shop/edge',
    port,
    protocol: 'HTTP',
    authorization: null,
    metricScope: null,
  };
  return exchange;
}

/** A response of a backend. @param fields name, value, name, value, … */
export function createTestResponse(fields: readonly string[] = []): ResponseHead {
  return new ResponseHead(200, new Fields([...fields]), 0);
}

/** A slot with a cluster that does nothing. */
export function createTestSlot(name: string): ClusterSlot {
  const cluster: Cluster = {
    name,
    service: { name, namespace: 'shop' },
    forward: () => {},
    mirror: () => {},
    openStream: () => ({ cancel: () => {} }),
  };
  return { name, cluster };
}

const NOWHERE: DownstreamStream = {
  write: () => true,
  end: () => {},
  abort: () => {},
  inform: () => {},
  respond: () => {},
};
