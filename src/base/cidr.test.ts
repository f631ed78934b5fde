import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { CidrSet, parseAddress, parseCidr } from './cidr.ts';

const setOf = (...blocks: string[]): CidrSet => new CidrSet(blocks.map((block) => parseCidr(block)!));

const MEMBERSHIP: readonly (readonly [block: string, address: string, expected: boolean])[] = [
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.1.2.3/8', '10.200.0.1', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['192.0.2.0/31', '192.0.2.1', true],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '203.0.113.9', false],
  ['::/0', '2001:db8::1', true],
  ['10.0.0.0/8', '::ffff:10.1.1.1', true],
  ['::ffff:10.0.0.0/104', '10.1.1.1', true],
  ['2001:db8::/32', '2001:DB8:ffff::1', true],
  ['2001:db8::/33', '2001:db8:8000::', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['10.0.0.0/8', 'example.com', false],
  ['10.0.0.0/8', '', false],
];

for (const [block, address, expected] of MEMBERSHIP) {
  test(`CidrSet of ${block} ${expected ? 'has' : 'does not have'} '${address}'`, () => {
    assert.equal(setOf(block).has(address), expected);
  });
}

const MALFORMED = [
  '',
  '/',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  '10.0.0/8',
  '10.0.0.0.0/8',
  '010.0.0.0/8',
  '10.0.0.256',
  '::/129',
  ':',
  ':::',
  '1:',
  ':1',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '12345::',
  'g::',
  '::1.2.3',
  '1.2.3.4::',
  '1:2:3:4:5:6:7:1.2.3.4',
  '10.0.0.0/8/8',
  ' 10.0.0.0/8',
  '10.0.0.0%eth0',
];

for (const text of MALFORMED) {
  test(`parseCidr refuses '${text}'`, () => assert.equal(parseCidr(text), undefined));
}

const v4 = fc.ipV4();
const v6 = fc.ipV6();

test('CidrSet agrees with arithmetic on big integers', () => {
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4, fc.nat(32)), fc.tuple(v6, v6, fc.nat(128))), ([network, address, length]) => {
      assert.equal(setOf(`${network}/${length}`).has(address), oracle(network, address, length));
    }),
  );
});

test('CidrSet agrees with arithmetic on addresses that differ in one bit', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 128n) - 1n), fc.nat(127), fc.nat(128), (value, bit, length) => {
      const [network, address] = [write(value), write(value ^ (1n << BigInt(bit)))];
      if (isMapped(value) || isMapped(read(address))) return; // another family
      assert.equal(setOf(`${network}/${length}`).has(address), 127 - bit >= length);
    }),
  );
});

test('parseAddress takes exactly what is an address', () => {
  const words = new Uint32Array(4);
  const almost = fc.stringMatching(/^[0-9a-fA-F:.]{0,24}$/);
  fc.assert(
    fc.property(fc.oneof(almost, v4, v6), (text) => assert.equal(parseAddress(text, words), isIP(text) !== 0)),
    { numRuns: 2000 },
  );
});

test('CidrSet agrees with the block list of Node', () => {
  fc.assert(
    fc.property(v6, v6, fc.nat(128), (network, address, length) => {
      if (isMapped(read(network)) || isMapped(read(address))) return;
      const list = new BlockList();
      list.addSubnet(network, length, 'ipv6');
      assert.equal(setOf(`${network}/${length}`).has(address), list.check(address, 'ipv6'));
    }),
  );
});

function oracle(network: string, address: string, length: number): boolean {
  const bits = network.includes(':') ? 128 : 32;
  const shift = BigInt(bits - length);
  const isV4 = (text: string): boolean => isMapped(read(text));
  return isV4(network) === isV4(address) && read(network) >> shift === read(address) >> shift;
}

const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;

/** Reads an address; IPv4 in its mapped form. */
function read(text: string): bigint {
  if (!text.includes(':')) return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0xffffn);
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = dotted === null ? text : text.slice(0, dotted.index) + tail(dotted.slice(1).map(Number));
  const [head = '', rest] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = rest === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

const tail = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string =>
  `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;

function write(value: bigint): string {
  return value
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{4})(?!$)/g, '$1:');
}
