import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorizationResource } from '#model/snapshot/authorization.ts';
import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { WebSocket, WebSocketServer } from 'ws';
import { until } from '../data-plane/testing/peer.ts';
import { ask, codeOf } from './testing/client.ts';
import {
  CART,
  CATALOG,
  countersOf,
  declareService,
  declareWorkload,
  startMesh,
  startOutbound,
} from './testing/sidecars.ts';

test('a request travels from the client over both sidecars to the application', async (context) => {
  const { outbound, from, at } = await startMesh(context, (incoming, response) => {
    response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }));
  });
  const headers = { 'x-forwarded-client-cert': 'By=me', 'x-request-id': 'abc' };
  const { status, body } = await ask(outbound.proxyPort, 'http://catalog/items?page=1', { headers });
  assert.equal(status, 200, body);
  const seen = JSON.parse(body) as { url: string; headers: Record<string, string> };
  assert.equal(seen.url, '/items?page=1');
  assert.equal(seen.headers['host'], 'catalog');
  assert.equal(seen.headers['x-request-id'], 'abc');
  assert.match(
    seen.headers['x-forwarded-client-cert']!,
    new RegExp(`^By=${CATALOG};Hash=[0-9a-f]{64};Subject="";URI=${CART}$`),
  );
  await until('both recorded it', () => at.exchanges.length === 1 && from.exchanges.length === 1);
  assert.equal(at.exchanges[0]!.requestId, 'abc');
  assert.equal(from.exchanges[0]!.requestId, 'abc');
});

test('each side counts a request with the principals of both and mutual TLS', async (context) => {
  const { outbound, from, at } = await startMesh(context);
  assert.equal((await ask(outbound.proxyPort, 'http://catalog.shop/')).status, 200);
  await until('both recorded it', () => at.exchanges.length === 1 && from.exchanges.length === 1);
  const parties = `cart shop ${CART} catalog ${CATALOG} catalog.shop.svc.cluster.local catalog shop`;
  const outcome = 'http 200  - mutual_tls';
  assert.deepEqual([...countersOf(from, 'istio_requests_total')], [[`source ${parties} ${outcome}`, 1]]);
  assert.deepEqual([...countersOf(at, 'istio_requests_total')], [[`destination ${parties} ${outcome}`, 1]]);
});

test('many requests at once share one connection between the sidecars', async (context) => {
  const { outbound, inbound } = await startMesh(context);
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) => ask(outbound.proxyPort, `http://catalog/${i}`)),
  );
  assert.ok(replies.every(({ status }) => status === 200));
  assert.equal(inbound.activity.sessions, 1);
  await until('nothing under way', () => atRest(outbound.activity) && atRest(inbound.activity));
});

test('contents of some size pass in both directions', async (context) => {
  const { outbound } = await startMesh(context, (incoming, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    incoming.pipe(response);
  });
  const body = 'selvage '.repeat(200_000);
  const reply = await ask(outbound.proxyPort, 'http://catalog/echo', { method: 'POST', body });
  assert.equal(reply.status, 200);
  assert.ok(reply.body === body);
});

test('a WebSocket passes both sidecars', async (context) => {
  const { outbound, application } = await startMesh(context); // by an address that stands for the service
  const server = new WebSocketServer({ server: application });
  server.on('connection', (socket) => socket.on('message', (text) => socket.send(`you said ${String(text)}`)));
  const socket = new WebSocket(`ws://127.0.0.1:${outbound.capturePorts[0]!}/chat`);
  context.after(() => socket.terminate());
  const said = await new Promise((resolve, reject) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (text) => resolve(String(text)));
    socket.on('error', reject);
  });
  assert.equal(said, 'you said hello');
});

test('Outbound routes by what is attached to the service, and refuses what none of it matches', async (context) => {
  const { outbound, inbound, application } = await startMesh(context, (incoming, response) => {
    response.end(incoming.url);
  });
  const route: HttpRouteResource = {
    type: 'http-route',
    name: 'HTTPRoute/shop/catalog',
    version: '',
    createdAtMs: 0,
    attachments: [{ listener: 'mesh/shop/catalog:80', hostnames: ['*'] }],
    rules: [
      {
        name: 'rule-0',
        matches: [{ path: { type: 'PathPrefix', value: '/old' }, method: '', headers: [], queryParams: [] }],
        filters: [{ type: 'URLRewrite', hostname: null, path: { type: 'ReplacePrefixMatch', value: '/new' } }],
        backends: [{ cluster: 'Service/shop/catalog:80', weight: 1, filters: [] }],
        timeouts: { requestMs: null, backendRequestMs: null },
      },
    ],
  };
  const declared = serviceOf(application.port, inbound.port);
  const routed = { ...declared, ports: declared.ports.map((port) => ({ ...port, routes: [route.name] })) };
  await outbound.apply({ version: '2', upserts: [route, routed], removals: [] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/old/1')).body, '/new/1');
  const refused = await ask(outbound.proxyPort, 'http://catalog/other');
  assert.equal(refused.status, 404);
  assert.equal(codeOf(refused), 'route_not_found');
  // A route that the service does not name counts no more, also where it is still known.
  await outbound.apply({ version: '3', upserts: [declared], removals: [] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/other')).body, '/other');
  // And one that is named and not known lets nothing by it.
  await outbound.apply({ version: '4', upserts: [routed], removals: ['http-route HTTPRoute/shop/catalog'] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/other')).status, 404);
});

test('Inbound judges requests by the principal of the caller', async (context) => {
  const { outbound, inbound, application, at } = await startMesh(context);
  const policyFor = (principal: string): AuthorizationResource => ({
    type: 'authorization',
    name: 'AuthorizationPolicy/shop/catalog',
    version: '',
    action: 'ALLOW',
    audit: false,
    exemptPaths: [],
    fault: null,
    rules: [{ name: 'rule-0', from: [[{ attribute: 'principal', negated: false, values: [principal] }]], to: [] }],
  });
  const filters = [{ type: 'Authorization', levels: [['AuthorizationPolicy/shop/catalog']] }] as const;
  const workload = declareWorkload([{ port: application.port, filters }]);
  await inbound.apply({ version: '2', upserts: [policyFor(CART), workload], removals: [] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);

  await inbound.apply({ version: '3', upserts: [policyFor('spiffe://mesh.test/ns/shop/sa/other')], removals: [] });
  const refused = await ask(outbound.proxyPort, 'http://catalog/');
  assert.equal(refused.status, 403);
  assert.equal(codeOf(refused), 'access_denied');
  assert.equal(at.exchanges.at(-1)!.attempts, 0);

  // What names a policy that is not known passes nothing.
  await inbound.apply({ version: '4', upserts: [], removals: ['authorization AuthorizationPolicy/shop/catalog'] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 500);
});

test('Inbound records what an audited policy would deny, and lets it pass', async (context) => {
  const { outbound, inbound, application, at } = await startMesh(context);
  const audit: AuthorizationResource = {
    type: 'authorization',
    name: 'AuthorizationPolicy/shop/trial',
    version: '',
    action: 'DENY',
    audit: true,
    exemptPaths: [],
    fault: null,
    rules: [{ name: 'carts', from: [[{ attribute: 'principal', negated: false, values: [CART] }]], to: [] }],
  };
  const filters = [{ type: 'Authorization', levels: [['AuthorizationPolicy/shop/trial']] }] as const;
  const workload = declareWorkload([{ port: application.port, filters }]);
  await inbound.apply({ version: '2', upserts: [audit, workload], removals: [] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
  await until('it is recorded', () => at.exchanges.length === 1);
  assert.equal(at.exchanges[0]!.authorization?.text, 'would-deny AuthorizationPolicy/shop/trial carts');
  const counted = countersOf(at, 'selvage_authorization_total');
  assert.deepEqual(
    [...counted].filter(([, count]) => count > 0),
    [['AuthorizationPolicy/shop/trial AUDIT would-deny', 1]],
  );
  // One that cannot be judged closes nothing either.
  await inbound.apply({ version: '3', upserts: [{ ...audit, fault: 'no port of that number' }], removals: [] });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
});

test('an endpoint without a sidecar is spoken to directly', async (context) => {
  const { application } = await startMesh(context);
  const { outbound, records } = await startOutbound(context, declareService([{ port: application.port }]));
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).body, 'hello');
  await until('it is recorded', () => records.exchanges.length === 1);
  assert.equal(records.exchanges[0]!.hop!.security, 'none');
});

test('Inbound takes no requests for a port that the workload does not serve', async (context) => {
  const { outbound, inbound, at, application } = await startMesh(context);
  await inbound.apply({ version: '2', upserts: [declareWorkload([{ port: 1 }])], removals: [] });
  const reply = await ask(outbound.proxyPort, 'http://catalog/');
  assert.equal(codeOf(reply), 'upstream_connect_failed');
  assert.match(at.warnings.join(), new RegExp(`the workload serves no port ${application.port}`));
});

/** The service as its callers know it. */
const serviceOf = (port: number, meshPort: number): MeshServiceResource => {
  const declared = declareService([{ port, mesh: { port: meshPort, principal: CATALOG } }]);
  return declared.find((resource) => resource.type === 'mesh-service')!;
};

const atRest = ({
  clusters,
}: {
  readonly clusters: readonly { readonly requests: number; readonly pendingRequests: number }[];
}): boolean => clusters.every(({ requests, pendingRequests }) => requests === 0 && pendingRequests === 0);
