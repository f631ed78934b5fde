import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalHost } from './local-host.ts';

const CASES: readonly (readonly [authority: string, localAddress: string, isLocal: boolean])[] = [
  ['127.0.0.1:15020', '127.0.0.1', true],
  ['127.8.9.1', '127.0.0.1', true],
  ['localhost:15020', '127.0.0.1', true],
  ['edge.localhost', '127.0.0.1', true],
  ['[::1]:15020', '::1', true],
  ['[::ffff:127.0.0.1]', '127.0.0.1', true],
  ['', '127.0.0.1', true],
  ['10.1.2.3:15020', '10.1.2.3', true],
  ['10.1.2.3:15020', '::ffff:10.1.2.3', true],
  ['10.1.2.3:15020', '127.0.0.1', false],
  ['evil.example', '127.0.0.1', false],
  ['evil.example:15020', '127.0.0.1', false],
  ['localhost.evil.example', '127.0.0.1', false],
  ['notlocalhost', '127.0.0.1', false],
  ['127.0.0.1.evil.example', '127.0.0.1', false],
  ['127.evil.example', '127.0.0.1', false],
  ['[evil', '127.0.0.1', false],
];

for (const [authority, localAddress, isLocal] of CASES) {
  test(`isLocalHost says ${isLocal} to ${JSON.stringify(authority)} at ${localAddress}`, () => {
    assert.equal(isLocalHost(authority, localAddress), isLocal);
  });
}
