import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments, type LoadedResource } from '#model/documents.ts';
import { diffSnapshots, snapshotKey, type Snapshot } from '#model/snapshot/snapshot.ts';
import type { LiveWorkload } from '../mesh/live-workload.ts';
import { MeshCompiler } from '../mesh/mesh-compiler.ts';
import { gatewayProxyKey, GatewaysCompiler } from './gateways-compiler.ts';

const documents = (text: string): readonly LoadedResource[] => parseDocuments('mesh.yaml', text).resources;

const DECLARED = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: public, namespace: shop }
spec: { gatewayClassName: selvage, listeners: [{ name: http, protocol: HTTP, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: shop }
spec:
  parentRefs: [{ name: public }]
  rules:
    - { matches: [{ path: { type: PathPrefix, value: /cart } }], backendRefs: [{ name: cart, port: 80 }] }
    - { backendRefs: [{ name: stock, port: 80 }] }
`;

const live = (id: string, account: string, rest: Partial<LiveWorkload> = {}): LiveWorkload => ({
  id,
  principal: `spiffe://cluster.local/ns/shop/sa/${account}`,
  namespace: 'shop',
  serviceAccount: account,
  service: account,
  address: '10.0.0.1',
  meshPort: 15008,
  zone: '',
  ports: [{ port: 8080, protocol: 'http' }],
  state: 'ready',
  ...rest,
});

const gateway = (id: string): LiveWorkload =>
  live(id, 'public', { service: '', gateway: 'public', meshPort: 0, ports: [] });

const keyOf = (id: string): string => gatewayProxyKey(gateway(id));

/** A control plane, as far as it compiles. */
class Mesh {
  readonly #mesh = new MeshCompiler();
  readonly compiler = new GatewaysCompiler();

  compile(loaded: readonly LoadedResource[], sidecars: readonly LiveWorkload[], gateways: readonly LiveWorkload[]) {
    this.#mesh.compile(loaded, sidecars);
    return this.compiler.compile(this.#mesh.population, gateways, [], 0);
  }
}

const changes = (from: Snapshot, to: Snapshot) => {
  const { upserts, removals } = diffSnapshots(from, to);
  return { upserts: upserts.map(snapshotKey), removals };
};

test('GatewaysCompiler changes the endpoints alone where a workload comes, and keeps all else as the same objects', () => {
  const mesh = new Mesh();
  const loaded = documents(DECLARED);
  const [cart, stock, edge] = [live('cart-1', 'cart'), live('stock-1', 'stock'), gateway('public-1')];
  const before = mesh.compile(loaded, [cart, stock], [edge]).proxies.get(keyOf('public-1'))!;
  const second = live('cart-2', 'cart', { address: '10.0.0.2' });
  const after = mesh.compile(loaded, [cart, stock, second], [edge]).proxies.get(keyOf('public-1'))!;
  assert.deepEqual(changes(before, after), { upserts: ['endpoints Service/shop/cart:80'], removals: [] });
  for (const [key, resource] of after.resources)
    if (key !== 'endpoints Service/shop/cart:80' && !key.startsWith('gateway '))
      assert.equal(before.resources.get(key), resource, key);
  const gone = mesh.compile(loaded, [stock, second], [edge]).proxies.get(keyOf('public-1'))!;
  assert.deepEqual(changes(after, gone), { upserts: ['endpoints Service/shop/cart:80'], removals: [] });
});

test('GatewaysCompiler gives all proxies of a gateway one snapshot, and previews it to one more', () => {
  const mesh = new Mesh();
  const sidecars = [live('cart-1', 'cart'), live('stock-1', 'stock')];
  const { proxies } = mesh.compile(documents(DECLARED), sidecars, [gateway('public-1'), gateway('public-2')]);
  assert.equal(proxies.get(keyOf('public-1')), proxies.get(keyOf('public-2')));
  assert.equal(mesh.compiler.preview(gateway('public-3')).version, proxies.get(keyOf('public-1'))?.version);
  const thief = mesh.compiler.preview({ ...gateway('thief-1'), serviceAccount: 'thief' });
  assert.deepEqual([...thief.resources.keys()], ['gateway shop/public']);
});

test('GatewaysCompiler takes everything from a gateway whose service account is no longer named', () => {
  const mesh = new Mesh();
  const sidecars = [live('cart-1', 'cart'), live('stock-1', 'stock')];
  const edge = [gateway('public-1')];
  const before = mesh.compile(documents(DECLARED), sidecars, edge).proxies.get(keyOf('public-1'))!;
  const withdrawn = DECLARED.replace(
    'name: public, namespace: shop }',
    'name: public, namespace: shop, annotations: { selvage.dev/service-accounts: another } }',
  );
  const { proxies, problems } = mesh.compile(documents(withdrawn), sidecars, edge);
  const { upserts, removals } = changes(before, proxies.get(keyOf('public-1'))!);
  assert.deepEqual(upserts, ['gateway shop/public']);
  assert.equal(removals.length, before.resources.size - 1);
  assert.match(
    problems.get('public-1') ?? '',
    /service account public may not serve Gateway shop\/public: only another/,
  );
});

test('GatewaysCompiler leaves a gateway its routes to a Service whose workloads have all gone', () => {
  const mesh = new Mesh();
  const service = `${DECLARED}---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: cart, namespace: shop }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  action: ALLOW
  rules: [{ from: [{ serviceAccounts: [public] }] }]
`;
  const loaded = documents(service);
  const [cart, stock, edge] = [live('cart-1', 'cart'), live('stock-1', 'stock'), gateway('public-1')];
  const before = mesh.compile(loaded, [cart, stock], [edge]).proxies.get(keyOf('public-1'))!;
  const after = mesh.compile(loaded, [stock], [edge]).proxies.get(keyOf('public-1'))!;
  // Nothing is judged elsewhere because of it: there is nobody to send to.
  assert.deepEqual(changes(before, after), { upserts: ['endpoints Service/shop/cart:80#sidecars'], removals: [] });
});

test('GatewaysCompiler gives whoever takes over the id of a gateway nothing that was of the other', () => {
  const other = {
    ...gateway('public-1'),
    principal: 'spiffe://cluster.local/ns/shop/sa/thief',
    serviceAccount: 'thief',
  };
  assert.notEqual(gatewayProxyKey(other), keyOf('public-1'));
  assert.notEqual(gatewayProxyKey({ ...gateway('public-1'), gateway: 'internal' }), keyOf('public-1'));
});
