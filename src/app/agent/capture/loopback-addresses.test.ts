import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import { blocksFor, LoopbackAddresses, SERVICE_RANGE } from './loopback-addresses.ts';

test('LoopbackAddresses gives each service an address of its own, the same after a start', () => {
  const [block = 0] = blocksFor('web-1');
  const [before, after] = [new LoopbackAddresses(block), new LoopbackAddresses(block)];
  const names = Array.from({ length: 200 }, (_, i) => `default/service-${i}`);
  const taken = names.map((name) => before.take(name));
  assert.equal(new Set([...taken, before.resolver]).size, 201);
  assert.deepEqual(
    names.map((name) => after.take(name)),
    taken,
  );
});

test('LoopbackAddresses stay within their range in any block, and end when all are taken', () => {
  const [address = '', length] = SERVICE_RANGE.split('/');
  const range = new BlockList();
  range.addSubnet(address, Number(length));
  for (const block of [0, 1023]) {
    const addresses = new LoopbackAddresses(block);
    const all = Array.from({ length: 4094 }, (_, i) => addresses.take(`default/s${i}`) ?? '');
    assert.equal(new Set(all).size, 4094);
    assert.ok([...all, addresses.resolver].every((one) => range.check(one)));
    assert.equal(addresses.take('default/one-more'), undefined);
    addresses.release(all[7]!);
    assert.equal(addresses.take('default/one-more'), all[7]);
  }
});
