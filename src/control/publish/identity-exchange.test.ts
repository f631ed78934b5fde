import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bundleOf, TestAuthority } from '#identity/testing/authority.ts';
import { readIdentityAnswer } from './identity-exchange.ts';

const { roots } = bundleOf(new TestAuthority('mesh'));
const good = { certificateChain: 'PEM', trustDomain: 'mesh.test', bundleVersion: 3, roots };
const read = (answer: unknown) => readIdentityAnswer(Buffer.from(JSON.stringify(answer) ?? ''));

test('readIdentityAnswer reads what a control plane answers', () => {
  const answer = read(good);
  assert.ok(typeof answer !== 'string');
  assert.deepEqual([answer.certificateChain, answer.bundle.version, answer.bundle.roots], ['PEM', 3, roots]);
});

test('readIdentityAnswer says of all else why it is none, and never throws', () => {
  for (const [field, values] of Object.entries({
    certificateChain: [undefined, null, 7, ['PEM']],
    trustDomain: [undefined, '', 'Mesh', 'a b', 7.5],
    bundleVersion: [undefined, '3', 1.5, null],
    roots: [
      undefined,
      null,
      '',
      [],
      [null],
      [{}],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
      [[[]]],
    ],
  }))
    for (const value of values)
      assert.equal(typeof read({ ...good, [field]: value }), 'string', `${field} ${JSON.stringify(value)}`);
  fc.assert(fc.property(fc.uint8Array(), (octets) => typeof readIdentityAnswer(octets) === 'string'));
  fc.assert(fc.property(fc.jsonValue(), (value) => typeof read(value) === 'string'));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (field, value) => {
      read({ ...good, [field]: value });
    }),
  );
});
