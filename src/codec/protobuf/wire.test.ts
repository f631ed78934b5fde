import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireReader } from './wire-reader.ts';
import { LENGTH_DELIMITED, VARINT } from './wire-type.ts';
import { WireWriter } from './wire-writer.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Reads field 1 as a string, 2 as an int32, 3 as octets. */
function read(octets: Uint8Array) {
  const reader = new WireReader(octets);
  const strings: string[] = [];
  const numbers: number[] = [];
  const blobs: Buffer[] = [];
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) strings.push(reader.string());
    else if (reader.is(2, VARINT)) numbers.push(reader.int32());
    else if (reader.is(3, LENGTH_DELIMITED)) blobs.push(Buffer.from(reader.bytes()));
  }
  return { strings, numbers, blobs, fault: reader.fault };
}

const field = fc.oneof(
  fc.record({ field: fc.constant(1 as const), value: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
  fc.record({ field: fc.constant(2 as const), value: fc.integer() }),
  fc.record({ field: fc.constant(3 as const), value: fc.uint8Array({ maxLength: 300 }) }),
);

test('WireReader reads what WireWriter wrote', () => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const writer = new WireWriter();
      for (const { field, value } of fields) {
        if (field === 1) writer.element(1, value);
        else if (field === 2) writer.int32(2, value);
        else writer.bytes(3, value);
      }
      assert.deepEqual(read(writer.finish()), {
        strings: fields.flatMap(({ field, value }) => (field === 1 ? [value] : [])),
        numbers: fields.flatMap(({ field, value }) => (field === 2 && value !== 0 ? [value] : [])),
        blobs: fields.flatMap(({ field, value }) => (field === 3 ? [Buffer.from(value)] : [])),
        fault: '',
      });
    }),
  );
});

test('WireReader ends on any octets, and within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const { blobs } = read(octets);
      for (const blob of blobs) assert.ok(blob.length <= octets.length);
    }),
  );
});

test('WireReader skips unknown fields, and known ones of another wire type', () => {
  const cases = {
    'unknown varint, fixed64, octets, fixed32': '20 96 01 29 0102030405060708 32 02 6869 3d 01020304 0a 01 61',
    'field 1 as a varint': '08 05 0a 01 61',
    'field of the highest number': 'f8 ff ff ff 0f 01 0a 01 61',
    'a skipped varint of 64 bits': '20 ff ff ff ff ff ff ff ff ff 01 0a 01 61',
  };
  for (const [name, octets] of Object.entries(cases)) {
    assert.deepEqual(read(hex(octets)), { strings: ['a'], numbers: [], blobs: [], fault: '' }, name);
  }
});

test('WireReader reads int32 as it is written: negative ones as 64 bits', () => {
  assert.deepEqual(read(hex('10 ff ff ff ff ff ff ff ff ff 01 10 ff ff ff ff 07')).numbers, [-1, 0x7fffffff]);
});

test('WireReader says what is wrong', () => {
  const cases: Record<string, string> = {
    '0a': 'message ends within a varint',
    '0a 05 61': 'message ends within a field',
    '10 80': 'message ends within a varint',
    '10 ff ff ff ff ff ff ff ff ff ff 01': 'varint is longer than 10 octets',
    '02 00': 'field number out of range',
    '0b': 'wire type 3 is not supported',
    '0c': 'wire type 4 is not supported',
    '0e': 'wire type 6 is not supported',
    '0a 02 c3 28': 'string is not UTF-8',
    '0a 85 80 80 80 80 80 80 80 10 61': 'tag or length is greater than 32 bits',
    '8a 80 80 80 80 01 01 61': 'tag or length is greater than 32 bits',
    '29 01 02': 'message ends within a field',
    '3d 01': 'message ends within a field',
  };
  for (const [octets, fault] of Object.entries(cases)) assert.equal(read(hex(octets)).fault, fault, octets);
});

test('WireReader reports the fault of a message within a message', () => {
  const reader = new WireReader(hex('0a 02 0a 05'));
  while (reader.next()) reader.message((inner) => inner.next() && inner.string());
  assert.equal(reader.fault, 'message ends within a field');
});
