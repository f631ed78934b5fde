import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.ts';

/** Decodes blocks of one connection. @returns a line `name: value` for each field, or null where a block is broken */
function decode(decoder: HpackDecoder, hex: string): string[] | null {
  const lines: string[] = [];
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const whole = decoder.decode(block, 0, block.length, {
    field: (_, name, value) => void lines.push(`${name}: ${value}`),
  });
  return whole ? lines : null;
}

const REQUESTS = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
];

describe('HpackDecoder decodes the examples of RFC 7541 appendix C', () => {
  test('C.2, representations', () => {
    const decoder = new HpackDecoder(4096);
    assert.deepEqual(decode(decoder, '400a637573746f6d2d6b65790d637573746f6d2d686561646572'), [
      'custom-key: custom-header',
    ]);
    assert.equal(decoder.tableBytes, 55);
    assert.deepEqual(decode(decoder, '040c2f73616d706c652f70617468'), [':path: /sample/path']);
    assert.deepEqual(decode(decoder, '100870617373776f726406736563726574'), ['password: secret']);
    assert.deepEqual(decode(decoder, '82'), [':method: GET']);
    assert.equal(decoder.tableBytes, 55);
  });
  test('C.3, requests without Huffman code', () => {
    const decoder = new HpackDecoder(4096);
    assert.deepEqual(decode(decoder, '828684410f7777772e6578616d706c652e636f6d'), REQUESTS[0]);
    assert.deepEqual(decode(decoder, '828684be58086e6f2d6361636865'), REQUESTS[1]);
    assert.deepEqual(decode(decoder, '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565'), REQUESTS[2]);
    assert.equal(decoder.tableBytes, 164);
  });
  test('C.4, requests with Huffman code', () => {
    const decoder = new HpackDecoder(4096);
    assert.deepEqual(decode(decoder, '828684418cf1e3c2e5f23a6ba0ab90f4ff'), REQUESTS[0]);
    assert.deepEqual(decode(decoder, '828684be5886a8eb10649cbf'), REQUESTS[1]);
    assert.deepEqual(decode(decoder, '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf'), REQUESTS[2]);
    assert.equal(decoder.tableBytes, 164);
  });
  test('C.5 and C.6, responses with evictions from a table of 256 octets', () => {
    const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
    const location = 'location: https://www.example.com';
    const blocks = {
      plain: [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        '4803333037c1c0bf',
      ],
      huffman: [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        '4883640effc1c0bf',
      ],
    };
    for (const [first, second] of Object.values(blocks)) {
      const decoder = new HpackDecoder(4096);
      decode(decoder, '3fe101'); // the table is to have 256 octets
      assert.deepEqual(decode(decoder, first!), [':status: 302', 'cache-control: private', date, location]);
      assert.equal(decoder.tableBytes, 222);
      assert.deepEqual(decode(decoder, second!), [':status: 307', 'cache-control: private', date, location]);
      assert.equal(decoder.tableBytes, 222, 'one was evicted for another of the same size');
    }
  });
});

test('HpackDecoder refuses broken blocks', () => {
  const broken = {
    'index 0 (6.1)': '80',
    'index beyond the tables (2.3.3)': 'be',
    'literal with an index beyond the tables (6.2)': '7e0161',
    'size update above what was announced (6.3)': '3fe11f3f',
    'size update behind a field (4.2)': '8220',
    'string longer than the block (5.2)': '400561',
    'name without a value': '4001 61',
    'cut off integer': 'ff',
    'integer of absurd length': 'ff80808080808001',
    'Huffman code padded wrong (5.2)': '40 01 61 81 06',
  };
  for (const [name, hex] of Object.entries(broken)) assert.equal(decode(new HpackDecoder(4096), hex), null, name);
});

test('HpackDecoder obeys size updates at the beginning of a block', () => {
  const decoder = new HpackDecoder(4096);
  decode(decoder, '4001610162');
  assert.deepEqual(decode(decoder, '203fe11fbe'), null, 'the entry is gone');
  const other = new HpackDecoder(4096);
  decode(other, '4001610162');
  assert.deepEqual(decode(other, '3fe11fbe'), ['a: b']);
});

test('HpackDecoder takes any octets without throwing, and its table stays within its size', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 10 }), (blocks) => {
      const decoder = new HpackDecoder(4096);
      for (const block of blocks) {
        let fields = 0;
        const whole = decoder.decode(Buffer.from(block), 0, block.length, { field: () => void fields++ });
        assert.ok(fields <= block.length);
        assert.ok(decoder.tableBytes <= 4096);
        if (!whole) break;
      }
    }),
    { numRuns: 2000 },
  );
});
