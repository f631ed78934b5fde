import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { constructedTag, derTag, parseDer } from './element.ts';
import {
  encodeBitString,
  encodeElement,
  encodeObjectIdentifier,
  encodeOctetString,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  encodeTrue,
  encodeUnsigned,
} from './encoder.ts';
import { readBitString, readBoolean, readInteger, readObjectIdentifier, readSmallInteger, readTime } from './values.ts';

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

test('parseDer reads what encodeElement wrote, at any length', () => {
  const octets = fc.uint8Array({ maxLength: 70_000, size: 'max' });
  fc.assert(
    fc.property(octets, (content) => {
      const bytes = encodeSequence(encodeOctetString(content), encodeTrue());
      const [first, second] = parseDer(bytes)!.children;
      assert.deepEqual(Buffer.from(first!.content), Buffer.from(content));
      assert.equal(readBoolean(second), true);
    }),
    { numRuns: 30 },
  );
});

test('parseDer never throws, and what it accepts it gives back octet for octet', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ maxLength: 16 }).map((content) => encodeElement(constructedTag(0), content)),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const element = parseDer(bytes);
      if (element !== undefined) assert.deepEqual(Buffer.from(element.bytes), Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

for (const [name, digits] of [
  ['nothing', ''],
  ['a tag alone', '30'],
  ['a content that is cut short', '0403 0102'],
  ['octets after the end', '0500 00'],
  ['an indefinite length (X.690 §10.1)', '3080 0000'],
  ['a length in more octets than needed (X.690 §10.1)', '048101 00'],
  ['a length with a leading zero (X.690 §10.1)', `04820080 ${'00'.repeat(128)}`],
  ['a length beyond what is there', '0484ffffffff 00'],
  ['a length of eight octets', '04880000000000000001 00'],
  ['a tag of several octets', '1f8101 00'],
  ['an integer with children', '2203 020100'],
  ['a sequence without its constructed bit', '1003 020100'],
  ['end-of-contents as an element', '3002 0000'],
] as const)
  test(`parseDer refuses ${name}`, () => assert.equal(parseDer(hex(digits)), undefined));

test('parseDer refuses deep nesting before it costs stack', () => {
  const nested = (depth: number): Uint8Array =>
    Array.from({ length: depth }).reduce<Uint8Array>((inner) => encodeSequence(inner), encodeTrue());
  assert.ok(parseDer(nested(20)));
  assert.equal(parseDer(nested(30)), undefined);
  assert.equal(parseDer(nested(5000)), undefined);
});

test('readObjectIdentifier reads what encodeObjectIdentifier wrote', () => {
  const small = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 39 }));
  const joint = fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 1000 }));
  const arcs = fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.oneof(small, joint), arcs, (first, rest) => {
      const dotted = [...first, ...rest].join('.');
      assert.equal(readObjectIdentifier(parseDer(encodeObjectIdentifier(dotted))), dotted);
    }),
  );
  assert.deepEqual(Buffer.from(encodeObjectIdentifier('1.2.840.113549.1.9.14')), hex('0609 2a864886f70d01090e'));
});

test('readObjectIdentifier refuses padded and unfinished arcs (X.690 §8.19.2)', () => {
  for (const digits of ['0600', '0603 2a8003', '0602 2a86', '0601 80'])
    assert.equal(readObjectIdentifier(parseDer(hex(digits))), undefined, digits);
});

test('readSmallInteger reads what encodeSmallInteger wrote', () => {
  fc.assert(
    fc.property(fc.nat(), (value) => assert.equal(readSmallInteger(parseDer(encodeSmallInteger(value))), value)),
  );
  assert.equal(readSmallInteger(parseDer(hex('0201 ff'))), undefined);
  assert.equal(readSmallInteger(parseDer(hex('0205 0100000000'))), undefined);
});

test('encodeUnsigned keeps large numbers positive and readInteger refuses padding (X.690 §8.3.2)', () => {
  assert.deepEqual(Buffer.from(encodeUnsigned(hex('80'))), hex('0202 0080'));
  assert.deepEqual(Buffer.from(encodeUnsigned(hex('00007f'))), hex('0201 7f'));
  assert.equal(readInteger(parseDer(hex('0202 007f'))), undefined);
  assert.equal(readInteger(parseDer(hex('0200'))), undefined);
});

test('readBitString refuses set bits among the unused ones (X.690 §11.2.1)', () => {
  assert.deepEqual(readBitString(parseDer(encodeBitString(hex('80'), 7)))?.octets, hex('80'));
  for (const digits of ['0302 0781', '0302 0880', '0301 01', '0300'])
    assert.equal(readBitString(parseDer(hex(digits))), undefined, digits);
});

test('readBoolean knows two values only (X.690 §11.1)', () => {
  assert.equal(readBoolean(parseDer(hex('0101 00'))), false);
  assert.equal(readBoolean(parseDer(hex('0101 01'))), undefined);
});

test('readTime reads what encodeTime wrote, before and after 2050 (RFC 5280 §4.1.2.5)', () => {
  const seconds = fc.integer({ min: Date.UTC(1950, 0) / 1000, max: Date.UTC(2400, 0) / 1000 });
  fc.assert(
    fc.property(seconds, (second) => assert.equal(readTime(parseDer(encodeTime(second * 1000))), second * 1000)),
  );
  assert.equal(parseDer(encodeTime(Date.UTC(2049, 11, 31)))?.tag, derTag.utcTime);
  assert.equal(parseDer(encodeTime(Date.UTC(2050, 0, 1)))?.tag, derTag.generalizedTime);
});

test('readTime refuses days that do not exist and other forms', () => {
  for (const text of ['990231000000Z', '9902010000Z', '990201000000+0100', '991301000000Z', '990101240000Z'])
    assert.equal(readTime(parseDer(encodeElement(derTag.utcTime, Buffer.from(text)))), undefined, text);
});
