import type { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead } from '#http/head.ts';
import type { ExchangeRecord, MeshHop, MetricOwner } from './exchange-record.ts';

/** What a test or a measurement says of an exchange; the rest is an ordinary GET that went well. */
export interface SampleOptions {
  readonly target?: string;
  readonly method?: string;
  readonly fields?: readonly string[];
  /** Null: the client left before. */
  readonly status?: number | null;
  readonly error?: ProxyError | null;
  readonly listener?: ExchangeRecord['listener'];
  readonly rule?: ExchangeRecord['rule'];
  readonly cluster?: ExchangeRecord['cluster'];
  readonly authorization?: string;
  readonly hop?: MeshHop;
  readonly owner?: MetricOwner;
  readonly requestId?: string;
  readonly host?: string;
  readonly endpoint?: string;
  readonly attempts?: number;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly responseTrailers?: Fields;
  readonly grpc?: ExchangeRecord['grpc'];
  readonly startedAt?: number;
  readonly upstreamStartedAt?: number;
  readonly upstreamRespondedAt?: number;
  readonly endedAt?: number;
}

/** @returns an ended exchange for tests and measurements of telemetry */
export const sampleRecord = (options: SampleOptions = {}): ExchangeRecord => {
  const target = options.target ?? '/cart/42';
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const fields = new Fields([...(options.fields ?? ['user-agent', 'curl/8.11.1'])]);
  const query = queryAt === -1 ? '' : target.slice(queryAt);
  const status = options.status === undefined ? 200 : options.status;
  return {
    request: new RequestHead(options.method ?? 'GET', target, 'shop.example', path, query, fields, 11),
    response: status === null ? null : new ResponseHead(status, new Fields(), 0),
    responseTrailers: options.responseTrailers ?? null,
    grpc: options.grpc ?? null,
    error: options.error ?? null,
    peer: { remoteAddress: '203.0.113.7', remotePort: 50_123, localPort: 8080, encrypted: false },
    listener: options.listener === undefined ? { name: 'shop/edge/http', gateway: 'shop/edge' } : options.listener,
    rule: options.rule === undefined ? { route: 'HTTPRoute/shop/cart', name: 'rule-0' } : options.rule,
    cluster:
      options.cluster === undefined
        ? { name: 'Service/shop/cart:80', service: { name: 'cart', namespace: 'shop' } }
        : options.cluster,
    authorization: options.authorization === undefined ? null : { text: options.authorization },
    hop: options.hop ?? null,
    requestId: options.requestId ?? '0198c0de-7b3a-7cc1-9f44-1f2e3d4c5b6a',
    host: options.host ?? 'shop.example',
    routedPath: path,
    endpoint: options.endpoint ?? '10.0.3.4:8080',
    attempts: options.attempts ?? 1,
    requestBytes: options.requestBytes ?? 0,
    responseBytes: options.responseBytes ?? 512,
    startedAt: options.startedAt ?? 1000,
    upstreamStartedAt: options.upstreamStartedAt ?? 1000.125,
    upstreamRespondedAt: options.upstreamRespondedAt ?? 1002.625,
    endedAt: options.endedAt ?? 1003.25,
    metricOwner: options.owner ?? { metricScope: null },
  };
};
