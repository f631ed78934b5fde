import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments } from '#model/documents.ts';
import type { LiveWorkload } from './live-workload.ts';
import { MeshCompiler, type MeshResult } from './mesh-compiler.ts';

const SERVICES = ['cart', 'pay', 'web'];

const serviceOf = (name: string, port: number): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [{ name: http, port: ${port}, targetPort: 8080 }] }
`;

const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: shop }
spec:
  parentRefs: [{ kind: Service, group: "", name: cart }]
  rules: [{ backendRefs: [{ name: pay, port: 80 }] }]
`;

const POLICY = `apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: pay, namespace: shop }
spec:
  targetRefs: [{ group: "", kind: Service, name: pay }]
  action: ALLOW
  rules: [{ from: [{ namespaces: [shop] }] }]
`;

function workload(index: number, service: string, state: LiveWorkload['state']): LiveWorkload {
  return {
    id: `${service}-${index}`,
    principal: `spiffe://cluster.local/ns/shop/sa/${service}`,
    namespace: 'shop',
    serviceAccount: service,
    service,
    address: `10.0.0.${index}`,
    meshPort: 15_008,
    zone: '',
    ports: [{ port: 8080, protocol: 'http' }],
    state,
  };
}

const loaded = (...documents: string[]) => parseDocuments('mesh.yaml', documents.join('---\n')).resources;

const all = ({ shared, namespaces, workloads }: MeshResult) => ({
  shared,
  namespaces: new Map(namespaces),
  workloads: new Map(workloads),
});

test('MeshCompiler hands out the identical resources for what a change does not touch', () => {
  const compiler = new MeshCompiler();
  const documents = loaded(...SERVICES.map((name) => serviceOf(name, 80)), ROUTE, POLICY);
  const [cart, pay] = [workload(1, 'cart', 'ready'), workload(2, 'pay', 'ready')];
  const before = compiler.compile(documents, [cart, pay]);
  const after = compiler.compile(documents, [{ ...cart, state: 'unready' }, pay]);
  const changed = [...after.shared.resources].filter(
    ([key, resource]) => before.shared.resources.get(key) !== resource,
  );
  assert.deepEqual(
    changed.map(([key]) => key).filter((key) => !key.startsWith('http-route ')),
    ['cluster Service/shop/cart:80', 'endpoints Service/shop/cart:80'],
  );
  assert.equal(after.workloads.get('pay-2'), before.workloads.get('pay-2'));
});

test('MeshCompiler tells what a namespace sees before the first workload of it was compiled', () => {
  const compiler = new MeshCompiler();
  const documents = loaded(serviceOf('cart', 80), ROUTE);
  assert.equal(compiler.compile(documents, []).namespaces.size, 0);
  const preview = compiler.previewNamespace('shop');
  const { namespaces } = compiler.compile(documents, [workload(1, 'web', 'ready')]);
  assert.deepEqual(
    preview.resources.get('mesh-service shop/cart'),
    namespaces.get('shop')?.resources.get('mesh-service shop/cart'),
  );
  const service = preview.resources.get('mesh-service shop/cart');
  assert.ok(service?.type === 'mesh-service' && service.hostnames.includes('cart'));
});

test('MeshCompiler comes to the same whatever it has compiled before', () => {
  const population = fc.record({
    documents: fc.subarray([...SERVICES.map((name) => serviceOf(name, 80)), serviceOf('cart', 81), ROUTE, POLICY]),
    workloads: fc.uniqueArray(
      fc.record({
        index: fc.integer({ min: 1, max: 6 }),
        service: fc.constantFrom(...SERVICES),
        state: fc.constantFrom('ready' as const, 'unready' as const, 'draining' as const),
      }),
      { selector: ({ index, service }) => `${service}-${index}`, maxLength: 6 },
    ),
  });
  fc.assert(
    fc.property(fc.array(population, { minLength: 2, maxLength: 5 }), (steps) => {
      const compiler = new MeshCompiler();
      for (const { documents, workloads } of steps) {
        const declared = loaded(...documents);
        const live = workloads.map(({ index, service, state }) => workload(index, service, state));
        const fresh = new MeshCompiler().compile(declared, live);
        const result = compiler.compile(declared, live);
        assert.deepEqual(all(result), all(fresh));
        assert.deepEqual(result.statuses, fresh.statuses);
        assert.deepEqual(result.diagnostics, fresh.diagnostics);
      }
    }),
    { numRuns: 60 },
  );
});
