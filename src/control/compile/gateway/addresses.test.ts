import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, distinctAddresses } from './addresses.ts';

const cases: readonly (readonly [wide: string, narrow: string, isCovered: boolean])[] = [
  ['', '127.0.0.1', true],
  ['', '::1', true],
  ['', '::', true],
  ['::', '', true],
  ['::', '0.0.0.0', true],
  ['0.0.0.0', '127.0.0.1', true],
  ['0.0.0.0', '::1', false],
  ['0.0.0.0', '::ffff:127.0.0.1', false],
  ['0.0.0.0', '', false],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['127.0.0.1', '0.0.0.0', false],
];

for (const [wide, narrow, isCovered] of cases) {
  test(`covers says that ${wide || 'all'} ${isCovered ? 'takes' : 'leaves'} ${narrow || 'all'}`, () => {
    assert.equal(covers(wide, narrow), isCovered);
  });
}

test('distinctAddresses leaves out what another one covers, in any order', () => {
  assert.deepEqual(distinctAddresses(['127.0.0.1', '::1', '127.0.0.1']), ['127.0.0.1', '::1']);
  assert.deepEqual(distinctAddresses(['127.0.0.1', '::1', '0.0.0.0']), ['::1', '0.0.0.0']);
  assert.deepEqual(distinctAddresses(['0.0.0.0', '::', '']), ['::']);
});
