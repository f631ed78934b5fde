import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments, type ParsedDocuments } from '#model/documents.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { Compiler, type CompileResult } from './compiler.ts';
import { arbitraryDocuments } from './testing/arbitrary-documents.ts';

interface Declared {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly targetRefs: readonly Readonly<Record<string, string>>[] };
}

/** What hands do to a policy: it is not valid any more, and still says what it is for. */
const harms: readonly ((policy: Declared) => object)[] = [
  (policy) => ({ ...policy, apiVersion: 'gateway.networking.k8s.io/v1alpha1' }),
  (policy) => ({ ...policy, spec: { ...policy.spec, colour: 'red' } }),
  (policy) => ({ ...policy, spec: { ...policy.spec, targetRefs: [...policy.spec.targetRefs, 'more'] } }),
  (policy) => ({ ...policy, spec: { ...policy.spec, validation: {}, proxyProtocol: [] } }),
  (policy) => ({
    ...policy,
    spec: {
      ...policy.spec,
      targetRefs: policy.spec.targetRefs.map((ref) => ({ ...ref, sectionName: 7 })),
    },
  }),
];

const isPolicy = (document: object): document is Declared =>
  'kind' in document && (document.kind === 'BackendTLSPolicy' || document.kind === 'ClientTrafficPolicy');

interface Scene {
  /** Without the policies that were harmed. */
  readonly absent: ParsedDocuments;
  readonly harmed: ParsedDocuments;
}

const scenes: fc.Arbitrary<Scene> = fc
  .tuple(arbitraryDocuments, fc.array(fc.nat({ max: 2 * harms.length }), { minLength: 40, maxLength: 40 }))
  .map(([documents, choices]) => {
    const harmOf = (document: object, i: number) => (isPolicy(document) ? harms[choices[i % 40] as number] : undefined);
    return {
      absent: parsed(documents.filter((document, i) => harmOf(document, i) === undefined)),
      harmed: parsed(documents.map((document, i) => harmOf(document, i)?.(document as Declared) ?? document)),
    };
  })
  // A valid policy of the same name speaks for it, and a document of the same name before it goes first.
  .filter(({ absent, harmed }) => harmed.resources.length === absent.resources.length);

function parsed(documents: readonly object[]): ParsedDocuments {
  const files = documents.map((document, i) => parseDocuments(`${i}.json`, JSON.stringify(document)));
  return {
    resources: files.flatMap(({ resources }) => resources),
    rejected: files.flatMap(({ rejected }) => rejected),
    diagnostics: [],
  };
}

function compiled({ resources, rejected }: ParsedDocuments): CompileResult {
  return new Compiler().compile(resources, { rejected });
}

/** What went on before may be shut; what goes on is as before. Sealed bytes say so where TLS would be spoken otherwise. */
function sameAsIn(others: ReadonlyMap<string, SnapshotResource>, resource: SnapshotResource): boolean {
  const key = `${resource.type} ${resource.name}`;
  const other = others.get(key) ?? others.get(key.replace('#passthrough', ''));
  if (other === undefined) return false;
  if (resource.type !== 'cluster' || other.type !== 'cluster') return true;
  return JSON.stringify({ ...resource, name: '', version: '' }) === JSON.stringify({ ...other, name: '', version: '' });
}

test('Compiler protects nothing less for a rejected policy than without it (fails closed)', () => {
  fc.assert(
    fc.property(scenes, ({ absent, harmed }) => {
      const without = compiled(absent).snapshot.resources;
      for (const resource of compiled(harmed).snapshot.resources.values()) {
        if (resource.type === 'cluster') assert.ok(sameAsIn(without, resource), resource.name);
        if (resource.type === 'listener')
          assert.deepEqual(without.get(`listener ${resource.name}`), resource, resource.name);
      }
    }),
    { numRuns: 150 },
  );
});

test('Compiler sends nothing in the clear to what a rejected BackendTLSPolicy is for', () => {
  let closed = 0;
  fc.assert(
    fc.property(scenes, ({ harmed }) => {
      const { snapshot } = compiled(harmed);
      const clusters = [...snapshot.resources.values()].filter((resource) => resource.type === 'cluster');
      for (const policy of effective(harmed, 'BackendTLSPolicy')) {
        for (const { kind, name, sectionName } of policy.targets) {
          if (sectionName !== undefined) continue;
          closed++;
          const open = clusters.filter((cluster) => isOf(cluster, kind, policy, name) && isClear(cluster));
          assert.deepEqual(open, []);
        }
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(closed > 20, String(closed));
});

test('Compiler closes for a rejected BackendTLSPolicy its targets and nothing else', () => {
  fc.assert(
    fc.property(scenes, ({ absent, harmed }) => {
      const tlsOnly = { ...harmed, rejected: harmed.rejected.filter(({ kind }) => kind === 'BackendTLSPolicy') };
      const left = compiled(tlsOnly).snapshot.resources;
      for (const [key, resource] of compiled(absent).snapshot.resources) {
        if (resource.type === 'listener') assert.equal(left.get(key)?.version, resource.version);
        if (resource.type !== 'cluster' || left.has(key) || left.has(`${key}#passthrough`)) continue;
        const blamed = tlsOnly.rejected.some((policy) =>
          policy.targets.some(({ kind, name }) => isOf(resource, kind, policy, name)),
        );
        assert.ok(blamed, key);
      }
    }),
    { numRuns: 150 },
  );
});

test('Compiler comes to the same result for rejected policies whatever it compiled before', () => {
  const plain = ({ snapshot, statuses, diagnostics }: CompileResult) => [
    snapshot.version,
    [...snapshot.resources],
    statuses,
    diagnostics,
  ];
  fc.assert(
    fc.property(scenes, ({ absent, harmed }) => {
      const compiler = new Compiler();
      for (const { resources, rejected } of [absent, harmed, harmed, absent]) {
        const fresh = new Compiler().compile(resources, { rejected });
        assert.deepEqual(plain(compiler.compile(resources, { rejected })), plain(fresh));
      }
    }),
    { numRuns: 60 },
  );
});

function effective({ resources, rejected }: ParsedDocuments, kind: string): readonly RejectedResource[] {
  const isDeclared = ({ name, namespace }: RejectedResource) =>
    resources.some(
      ({ resource }) =>
        resource.kind === kind && resource.metadata.name === name && resource.metadata.namespace === namespace,
    );
  return rejected.filter((policy) => policy.kind === kind && !isDeclared(policy));
}

function isOf({ name }: ClusterResource, kind: string | undefined, policy: RejectedResource, target: string): boolean {
  const kinds = kind === undefined ? ['Service', 'Backend'] : [kind];
  const plain = name.replace(/[:#].*$/, '');
  return kinds.some((possible) => plain === `${possible}/${policy.namespace}/${target}`);
}

function isClear({ name, tls }: ClusterResource): boolean {
  return tls === null && !name.includes('#passthrough');
}
