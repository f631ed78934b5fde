import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments, type LoadedResource } from '#model/documents.ts';
import type { LiveWorkload } from '../live-workload.ts';
import { MeshCompiler, type MeshResult } from '../mesh-compiler.ts';

const own = 'selvage.dev/v1alpha1';
const gatewayApi = 'gateway.networking.k8s.io/v1';

const workloads = ['a', 'b'].map((namespace): LiveWorkload => ({
  id: namespace,
  principal: `spiffe://cluster.local/ns/${namespace}/sa/job`,
  namespace,
  serviceAccount: 'job',
  service: '',
  address: '10.0.0.1',
  meshPort: 15_008,
  zone: '',
  ports: [],
  state: 'ready',
}));

/** Parsed once, so that an object that stays is the identical one, as it is where a folder is read again. */
const parsed = new Map<string, LoadedResource>();

function load(document: object): LoadedResource {
  const text = JSON.stringify(document);
  let resource = parsed.get(text);
  if (resource === undefined) {
    const { resources, diagnostics } = parseDocuments('a.json', text);
    assert.deepEqual(diagnostics, []);
    parsed.set(text, (resource = resources[0]!));
  }
  return resource;
}

const metadata = (name: string, namespace: string) => ({ name, namespace });

/** Each is there or not, in one of few forms. */
const documents = fc
  .record({
    backends: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('x', 'y'),
        namespace: fc.constantFrom('a', 'b'),
        port: fc.constantFrom(80, 443),
        hostnames: fc.constantFrom(['api.example.com'], ['api.example.com', 'cart.a'], ['other.example.com']),
      }),
      { selector: ({ name, namespace }) => `${namespace}/${name}`, maxLength: 4 },
    ),
    policies: fc.uniqueArray(fc.record({ namespace: fc.constantFrom('a', 'b'), target: fc.constantFrom('x', 'y') }), {
      selector: ({ namespace }) => namespace,
      maxLength: 2,
    }),
    grants: fc.uniqueArray(fc.record({ namespace: fc.constantFrom('a', 'b'), name: fc.constantFrom('x', undefined) }), {
      selector: ({ namespace }) => namespace,
      maxLength: 2,
    }),
    hasService: fc.boolean(),
  })
  .map(({ backends, policies, grants, hasService }) => [
    ...backends.map(({ name, namespace, port, hostnames }) => ({
      apiVersion: own,
      kind: 'Backend',
      metadata: metadata(name, namespace),
      spec: { hostnames, endpoints: [{ address: '192.0.2.1', port }] },
    })),
    ...policies.map(({ namespace, target }) => ({
      apiVersion: gatewayApi,
      kind: 'BackendTLSPolicy',
      metadata: metadata('tls', namespace),
      spec: {
        targetRefs: [{ group: 'selvage.dev', kind: 'Backend', name: target }],
        validation: { hostname: 'api.example.com', wellKnownCACertificates: 'System' },
      },
    })),
    ...grants.map(({ namespace, name }) => ({
      apiVersion: gatewayApi,
      kind: 'ReferenceGrant',
      metadata: metadata('grant', namespace),
      spec: {
        from: [{ group: 'selvage.dev', kind: 'Workload', namespace: namespace === 'a' ? 'b' : 'a' }],
        to: [{ group: 'selvage.dev', kind: 'Backend', ...(name !== undefined && { name }) }],
      },
    })),
    ...(hasService
      ? [{ apiVersion: 'v1', kind: 'Service', metadata: metadata('cart', 'a'), spec: { ports: [{ port: 80 }] } }]
      : []),
  ]);

function plain({ shared, namespaces, workloads: compiled, diagnostics }: MeshResult): unknown {
  return [[...shared.resources], [...namespaces], [...compiled], diagnostics];
}

test('MeshCompiler comes to the same ways out of the mesh whatever it compiled before', () => {
  fc.assert(
    fc.property(fc.array(documents, { minLength: 2, maxLength: 4 }), (states) => {
      const compiler = new MeshCompiler();
      for (const state of states) {
        const loaded = state.map(load);
        const fresh = new MeshCompiler().compile(loaded, workloads);
        assert.deepEqual(plain(compiler.compile(loaded, workloads)), plain(fresh));
      }
    }),
    { numRuns: 150 },
  );
});

test('a host leads a namespace to its own Backends, or to granted ones, and is listed exactly then', () => {
  fc.assert(
    fc.property(documents, (state) => {
      const result = new MeshCompiler().compile(state.map(load), workloads);
      for (const { namespace, id } of workloads) {
        const compiledOwn = [...result.workloads.get(id)!.resources.values()].find(({ type }) => type === 'workload');
        const hosts = compiledOwn?.type === 'workload' ? (compiledOwn.hosts ?? []) : [];
        const services = [...result.namespaces.get(namespace)!.resources.values()].flatMap((resource) =>
          resource.type === 'mesh-service' && resource.name.startsWith('host/') ? [resource] : [],
        );
        assert.deepEqual(services.flatMap(({ hostnames }) => hostnames).toSorted(), [...hosts].toSorted());
        for (const { ports } of services) {
          for (const { cluster } of ports) {
            const [, of, name] = /^Backend\/([^/]+)\/([^#]+)/.exec(cluster)!;
            const isGranted = state.some(
              (document) =>
                document.kind === 'ReferenceGrant' &&
                document.metadata.namespace === of &&
                [undefined, name].includes((document.spec as unknown as { to: { name?: string }[] }).to[0]!.name),
            );
            assert.ok(of === namespace || isGranted, `${namespace} calls ${cluster}`);
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});
