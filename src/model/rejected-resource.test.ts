import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments } from './documents.ts';
import type { RejectedResource } from './rejected-resource.ts';

const policy = (spec: string, metadata = '{name: cart, namespace: shop}') => `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: ${metadata}
spec: ${spec}
`;

function rejectedIn(text: string): RejectedResource {
  const { resources, rejected } = parseDocuments('f.yaml', text);
  assert.deepEqual([resources.length, rejected.length], [0, 1]);
  return rejected[0]!;
}

function targetsIn(spec: string): readonly unknown[] {
  return rejectedIn(policy(spec)).targets.map(
    ({ group, kind, name, sectionName }) => JSON.parse(JSON.stringify({ group, kind, name, sectionName })) as unknown,
  );
}

describe('parseDocuments', () => {
  test('tells what a rejected object was meant to be, and why it is rejected', () => {
    const { locate, ...rejected } = rejectedIn(
      `# note\n${policy('{targetRefs: [{group: "", kind: Service, name: cart}], validaton: {}}')}`,
    );
    assert.deepEqual(rejected, {
      kind: 'BackendTLSPolicy',
      apiVersion: 'gateway.networking.k8s.io/v1',
      namespace: 'shop',
      name: 'cart',
      location: { file: 'f.yaml', line: 2, column: 1 },
      message: 'spec.validation: required field is missing',
      targets: [{ group: '', kind: 'Service', name: 'cart', path: ['spec', 'targetRefs', 0] }],
      namesAllTargets: true,
      specFields: ['targetRefs', 'validaton'],
      isWhole: true,
    });
    assert.deepEqual(locate(['spec', 'targetRefs', 0]), { file: 'f.yaml', line: 5, column: 21 });
  });

  test('rejects nothing that is valid, and nothing that does not say its kind', () => {
    const texts = [
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}',
      'kind: BackendTlsPolicy\nmetadata: {name: a}',
      'apiVersion: v1\nmetadata: {name: a}',
      '[1]',
      'kind: [',
    ];
    for (const text of texts) assert.deepEqual(parseDocuments('f.yaml', text).rejected, [], text);
  });

  test('reads every target of a rejected policy that is readable by itself', () => {
    const spec = `{targetRefs: [{group: 1, kind: [], name: a}, {name: b, sectionName: 443}, {name: 7}, x,
      {group: g/v1, kind: Service, name: c, sectionName: https, colour: red}], targetRef: {kind: Backend, name: d}}`;
    assert.deepEqual(targetsIn(spec), [
      { name: 'a' },
      // Which section is meant cannot be known: it could be any.
      { name: 'b' },
      { kind: 'Service', name: 'c', sectionName: 'https' },
      { kind: 'Backend', name: 'd' },
    ]);
    assert.equal(rejectedIn(policy(spec)).namesAllTargets, false);
    assert.deepEqual(targetsIn('{targetRefs: {group: "", kind: Service, name: a}}'), [
      { group: '', kind: 'Service', name: 'a' },
    ]);
  });

  test('says of a rejected policy whether it names all of its targets', () => {
    for (const spec of ['~', '[]', '{}', '{targetRefs: []}', '{targetRefs: [x]}'])
      assert.equal(rejectedIn(policy(spec)).namesAllTargets, false, spec);
    const twice = rejectedIn(policy('{targetRefs: [{name: a}], targetRefs: [{name: b}]}'));
    assert.deepEqual([twice.namesAllTargets, twice.isWhole], [false, false]);
  });

  test('tells the namespace and the name of a rejected object only where they are text', () => {
    const named = (metadata: string) => {
      const { namespace, name } = rejectedIn(policy('{}', metadata));
      return [namespace, name];
    };
    assert.deepEqual(named('{name: a}'), ['default', 'a']);
    assert.deepEqual(named('{name: 7, namespace: ~}'), ['default', undefined]);
    assert.deepEqual(named('{name: "", namespace: 7}'), [undefined, undefined]);
    assert.deepEqual(named('~'), ['default', undefined]);
  });

  test('tells nothing of a rejected Secret but which one it is', () => {
    const text =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nspec: {hunter2: x, targetRef: {name: hunter2}}\n';
    assert.doesNotMatch(JSON.stringify(rejectedIn(text)), /hunter2/);
  });

  test('rejects each object of a known kind that it does not load, whatever is in it', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (metadata, spec) => {
        const text = `{"kind": "ClientTrafficPolicy", "metadata": ${metadata}, "spec": ${spec}}`;
        const { resources, rejected, diagnostics } = parseDocuments('f.json', text);
        // JSON of any depth and with names such as __proto__ may be no document at all.
        if (diagnostics.some(({ resource }) => resource === undefined)) return;
        assert.equal(resources.length + rejected.length, 1);
      }),
      { numRuns: 200 },
    );
  });
});
