import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('parseOptions takes lists and numbers', () => {
  const options = parseOptions([
    '--only',
    'latency, small',
    '--peers',
    'haproxy,selvage',
    '--seconds',
    '5',
    '--rounds',
    '1',
  ]);
  assert.deepEqual(options.groups, ['small', 'latency']);
  assert.deepEqual(options.peers, ['selvage', 'haproxy']);
  assert.equal(options.seconds, 5);
  assert.equal(options.rounds, 1);
  assert.equal(options.accessLog, true);
});

test('parseOptions refuses unknown names and unbounded load', () => {
  assert.throws(() => parseOptions(['--only', 'smal']), /cannot use --only smal: choose from small/);
  assert.throws(() => parseOptions(['--seconds', '3600']), /cannot use --seconds 3600/);
  assert.throws(() => parseOptions(['--rounds', '0']), /cannot use --rounds 0/);
  assert.throws(() => parseOptions(['--fast']), /--fast/);
});
