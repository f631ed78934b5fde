import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { CART, CATALOG, declareService, declareWorkload, startApplication, startInbound, startOutbound } from './testing/sidecars.ts';

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Asks through an HTTP proxy. */
const ask = (proxyPort: number, url: string, headers: Record<string, string> = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: proxyPort, path: url, headers: { host: new URL(url).host, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    asked.end();
  });

test('a request travels from the client over both sidecars to the application', async (context) => {
  const application = await startApplication(context, (incoming, response) => {
    response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }));
  });
  const { inbound, records: at } = await startInbound(context, declareWorkload([{ port: application.port }]));
  const mesh = { port: inbound.port, principal: CATALOG };
  const { outbound, records: from } = await startOutbound(context, declareService([{ port: application.port, mesh }]));

  const { status, body } = await ask(outbound.proxyPort, 'http://catalog/items?page=1', { 'x-forwarded-client-cert': 'By=me', 'x-request-id': 'abc' });
  assert.equal(status, 200, body);
  const seen = JSON.parse(body) as { url: string; headers: Record<string, string> };
  assert.equal(seen.url, '/items?page=1');
  assert.equal(seen.headers['host'], 'catalog');
  assert.equal(seen.headers['x-request-id'], 'abc');
  assert.match(seen.headers['x-forwarded-client-cert']!, new RegExp(`^By=${CATALOG};Hash=[0-9a-f]{64};Subject="";URI=${CART}$`));
  assert.equal(at.exchanges[0]!.hop!.source.principal, CART);
  assert.equal(from.exchanges[0]!.hop!.destination.principal, CATALOG);
});
