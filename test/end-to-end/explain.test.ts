import assert from 'node:assert/strict';
import test from 'node:test';
import { runSelvage } from './testing/program.ts';

const SHOP = 'examples/shop/config';

test('selvage explain tells who takes a request, what the backend gets, and why others do not take it', async (t) => {
  const { code, stdout, stderr } = await runSelvage(
    t,
    'explain',
    SHOP,
    'GET',
    'http://api.localhost:8080/v1/products/denim?x=1',
  );
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.match(stdout, /^ {2}forwarded by HTTPRoute\/shop\/products, rule products$/m);
  assert.match(stdout, /^route +HTTPRoute\/shop\/products, rule products {2}examples\/shop\/config\/api\.yaml:\d+$/m);
  assert.match(stdout, /Service\/shop\/catalog-v1:80#sidecars {2}\(90 %, weight 90\)/);
  assert.match(stdout, /gets GET \/products\/denim\?x=1, host api\.localhost:8080/);
  // The shop is a mesh: the sidecar of the catalog judges the gateway.
  assert.match(
    stdout,
    /over mutual TLS, from a workload that must be spiffe:\/\/cluster\.local\/ns\/shop\/sa\/catalog$/m,
  );
  assert.match(stdout, /let in there: allowed AuthorizationPolicy\/shop\/browsing api$/m);
  assert.match(stdout, /rule products-beta at api\.localhost: header x-beta is absent/);
});

test('selvage explain takes headers into account', async (t) => {
  const { stdout } = await runSelvage(
    t,
    'explain',
    SHOP,
    'get',
    'http://127.0.0.1:8080/v1/products',
    '-H',
    'x-beta: true',
    '-H',
    'Host: api.localhost',
  );
  assert.match(stdout, /rule products-beta$/m);
  assert.match(
    stdout,
    /rule products at api\.localhost: HTTPRoute\/shop\/products rule products-beta match 0 has precedence/,
  );
});

test('selvage explain says where a redirect leads and what headers a backend gets', async (t) => {
  const redirect = await runSelvage(t, 'explain', SHOP, 'GET', 'http://shop.localhost:8080/index.php');
  assert.match(redirect.stdout, /answered by the gateway: 301 to http:\/\/shop\.localhost:8080\/$/m);
  const orders = await runSelvage(t, 'explain', SHOP, 'POST', 'http://api.localhost:8080/v1/orders');
  assert.match(orders.stdout, /^ +x-sales-channel: api$/m);
  assert.match(orders.stdout, /^timeouts +whole request 5000 ms$/m);
});

test('selvage explain says that nothing takes a request', async (t) => {
  const noRoute = await runSelvage(t, 'explain', SHOP, 'GET', 'http://api.localhost:8080/v2');
  assert.equal(noRoute.code, 1);
  assert.match(noRoute.stdout, /404: no rule matches/);
  const noListener = await runSelvage(
    t,
    'explain',
    SHOP,
    'GET',
    'http://api.localhost:9999/v1/orders',
    '--format',
    'json',
  );
  assert.equal(noListener.code, 1);
  const { outcome, otherListeners } = JSON.parse(noListener.stdout) as { outcome: string; otherListeners: unknown[] };
  assert.equal(outcome, 'no-listener');
  assert.deepEqual(otherListeners, [{ name: 'shop/edge/http', reason: 'port 8080 is not 9999' }]);
});

test('selvage explain says that a listener takes another protocol', async (t) => {
  const { code, stdout } = await runSelvage(t, 'explain', SHOP, 'GET', 'https://api.localhost:8080/v1/orders');
  assert.equal(code, 1);
  assert.match(stdout, /listener shop\/edge\/http: it takes HTTP, not https$/m);
});
