import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, warningsIn } from './testing/declared.ts';

const mesh = (spec: object, name = 'default') => ({
  apiVersion: 'selvage.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name },
  spec,
});

describe('Mesh', () => {
  test('that says nothing takes no one without an identity, and lets everything out', () => {
    assert.deepEqual(accepted('Mesh', mesh({})).spec, { outbound: 'AllowAny', mtls: { mode: 'STRICT' } });
  });

  test('belongs to no namespace', () => {
    assert.equal(accepted('Mesh', mesh({})).metadata.namespace, '');
    assertOneError(
      { ...mesh({}), metadata: { name: 'default', namespace: 'shop' } },
      'metadata.namespace',
      /cluster-scoped/,
    );
  });

  test('of another name has no effect, and is told so', () => {
    assert.deepEqual(warningsIn(mesh({})), []);
    assert.deepEqual(warningsIn(mesh({}, 'other')), [
      'metadata.name: has no effect: a control plane has one Mesh; expected default',
    ]);
  });

  test('knows its words alone', () => {
    assertOneError(mesh({ outbound: 'registryOnly' }), 'spec.outbound', /RegistryOnly/);
    assertOneError(mesh({ mtls: { mode: 'DISABLE' } }), 'spec.mtls.mode', /PERMISSIVE/);
    assertOneError(mesh({ egress: 'AllowAny' }), 'spec.egress', /unknown/);
  });
});
