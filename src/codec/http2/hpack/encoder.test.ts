import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from '../frame/output.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { ruleOf } from './name-rule.ts';

/** Both ends of one direction. */
class Pair {
  readonly #output = new Output();
  readonly encoder = new HpackEncoder(this.#output);
  readonly decoder = new HpackDecoder(65536);

  encode(lines: readonly string[]): Buffer {
    this.encoder.begin();
    for (let i = 0; i < lines.length; i += 2) this.encoder.field(ruleOf(lines[i]!), lines[i]!, lines[i + 1]!);
    return Buffer.from(this.#output.take());
  }

  decode(block: Buffer): string[] {
    const lines: string[] = [];
    assert.ok(this.decoder.decode(block, 0, block.length, { field: (_, name, value) => void lines.push(name, value) }));
    assert.equal(this.decoder.tableBytes, this.encoder.tableBytes);
    return lines;
  }

  /** Octets that the same lines take the first, second and third time. */
  sizes(...lines: string[]): number[] {
    return [0, 1, 2].map(() => {
      const block = this.encode(lines);
      assert.deepEqual(this.decode(block), lines);
      return block.length;
    });
  }
}

test('HpackEncoder writes fields of the static table as one octet', () => {
  assert.deepEqual(
    new Pair().encode([':method', 'GET', ':path', '/', ':status', '404']),
    Buffer.from([0x82, 0x84, 0x8d]),
  );
});

test('HpackEncoder puts at once into the table what comes in every message', () => {
  const [first, ...rest] = new Pair().sizes('user-agent', 'curl/8.5.0');
  assert.ok(first! > 8);
  assert.deepEqual(rest, [1, 1]);
});

test('HpackEncoder puts other fields into the table when they come again', () => {
  const [first, second, third] = new Pair().sizes('x-tenant', 'north');
  assert.equal(first, 16);
  assert.ok(second! < 16, 'now in Huffman code');
  assert.equal(third, 1);
});

test('HpackEncoder does not let fields that always differ push out others', () => {
  const pair = new Pair();
  pair.sizes('user-agent', 'curl/8.5.0');
  for (let i = 0; i < 1000; i++) {
    const lines = ['x-request-id', `id-${i}`, ':path', `/items/${i}`, 'content-length', `${i + 7}`, 'x-other', `${i}`];
    assert.deepEqual(pair.decode(pair.encode(lines)), lines);
  }
  assert.equal(pair.encode(['user-agent', 'curl/8.5.0']).length, 1);
});

test('HpackEncoder marks secrets as never to be indexed (RFC 7541 §7.1.3)', () => {
  const pair = new Pair();
  for (const lines of [
    ['authorization', 'Bearer x'],
    ['cookie', 'short=1'],
    ['x-api-key', 'k'],
    ['set-cookie', 'a=b'],
  ]) {
    for (let i = 0; i < 3; i++) assert.equal(pair.encode(lines)[0]! & 0xf0, 0x10);
  }
  assert.equal(pair.encoder.tableBytes, 0);
  assert.equal(pair.sizes('cookie', 'session=0123456789abcdef').at(-1), 1, 'long cookies are');
});

test('HpackEncoder says that its table has another size, and the least in between (RFC 7541 §4.2)', () => {
  const pair = new Pair();
  pair.sizes('user-agent', 'curl/8.5.0');
  pair.encoder.resize(0);
  pair.encoder.resize(512);
  const block = pair.encode(['user-agent', 'curl/8.5.0']);
  assert.equal(block.subarray(0, 4).toString('hex'), '203fe103');
  pair.decode(block);
  assert.equal(pair.encode(['user-agent', 'curl/8.5.0']).length, 1);
});

test('HpackDecoder reads what HpackEncoder writes, whatever comes and whatever sizes the table takes', () => {
  const text = fc.string({ unit: fc.nat(255).map((c) => String.fromCharCode(c)), maxLength: 60 });
  const names = fc.constantFrom(
    ':path',
    'user-agent',
    'cookie',
    'x-a',
    'x-b',
    'date',
    'authorization',
    'accept-encoding',
  );
  const values = fc.oneof(fc.constantFrom('', 'a', 'gzip, deflate', 'long'.repeat(300)), text);
  const blocks = fc.array(fc.array(fc.tuple(names, values), { maxLength: 20 }), { maxLength: 20 });
  const sizes = fc.array(fc.constantFrom(0, 40, 100, 500, 4096, 16384), { maxLength: 3 });
  fc.assert(
    fc.property(blocks, sizes, (list, tableSizes) => {
      const pair = new Pair();
      list.forEach((lines, i) => {
        if (i % 3 === 1) for (const size of tableSizes) pair.encoder.resize(size);
        assert.deepEqual(pair.decode(pair.encode(lines.flat())), lines.flat());
      });
    }),
    { numRuns: 300 },
  );
});
