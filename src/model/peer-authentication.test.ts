import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, errorsIn, warningsIn } from './testing/declared.ts';

const policy = (spec: object) => ({
  apiVersion: 'selvage.dev/v1alpha1',
  kind: 'PeerAuthentication',
  metadata: { name: 'p', namespace: 'shop' },
  spec: { targetRefs: [{ name: 'cart' }], mtls: { mode: 'PERMISSIVE' }, ...spec },
});

describe('PeerAuthentication', () => {
  test('is for Services', () => {
    const { spec } = accepted('PeerAuthentication', policy({}));
    assert.deepEqual(spec.targetRefs, [{ group: '', kind: 'Service', name: 'cart' }]);
    assert.deepEqual(spec.exemptPaths, []);
    assertOneError(
      policy({ targetRefs: [{ kind: 'Gateway', name: 'edge' }] }),
      'spec.targetRefs[0].kind',
      /expected Service/,
    );
  });

  test('is for each port once', () => {
    const targetRefs = [
      { name: 'cart', sectionName: 'http' },
      { name: 'cart', sectionName: 'admin' },
    ];
    assert.deepEqual(errorsIn(policy({ targetRefs })), []);
    assertOneError(
      policy({ targetRefs: [{ name: 'cart' }, ...targetRefs.slice(1)] }),
      'spec.targetRefs[0].sectionName',
      /./,
    );
  });

  test('may say one of its two things alone, and is told where it says none', () => {
    assert.deepEqual(warningsIn(policy({ mtls: undefined, exemptPaths: ['/healthz'] })), []);
    assert.equal(warningsIn(policy({ mtls: undefined })).length, 1);
  });

  for (const path of ['healthz', '/health*', '/healthz?full', '/a/../healthz', '/healthz/{*}', '*'])
    test(`exempts no path ${path}, which is not exact`, () =>
      assertOneError(policy({ exemptPaths: [path] }), 'spec.exemptPaths[0]', /./));
});
