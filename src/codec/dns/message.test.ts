import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeDnsMessage, questionEndOf } from './decoder.ts';
import { encodeDnsMessage, encodeIpv4, optRecord } from './encoder.ts';
import { CLASS_INTERNET, type DnsMessage, ednsOf, RECORD_TYPE, RESPONSE_CODE } from './message.ts';
import { encodeName, readName } from './name.ts';

const QUERY: DnsMessage = {
  id: 0x1234,
  isResponse: false,
  opcode: 0,
  isAuthoritative: false,
  isTruncated: false,
  wantsRecursion: true,
  offersRecursion: false,
  responseCode: 0,
  questions: [{ name: 'cart.shop', type: RECORD_TYPE.A, class: CLASS_INTERNET }],
  answers: [],
  authorities: [],
  additional: [],
};

/** Objects as the decoder makes them. */
const PLAIN = { noNullPrototype: true } as const;

const octetsOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('encodeDnsMessage writes a query as RFC 1035 §4.1 draws it', () => {
  const expected = octetsOf('1234 0100 0001 0000 0000 0000 04 63617274 04 73686f70 00 0001 0001');
  assert.deepEqual(encodeDnsMessage(QUERY), expected);
  assert.equal(questionEndOf(expected), expected.length);
});

test('decodeDnsMessage reads compressed names (RFC 1035 §4.1.4)', () => {
  const response = octetsOf(
    `1234 8180 0001 0002 0000 0001 04 63617274 04 73686f70 00 0001 0001
     c00c 0005 0001 0000003c 0004 01 61 c011
     01 61 c011 0001 0001 0000003c 0004 7f400001
     00 0029 04d0 00000000 0000`.replaceAll(/\s/g, ''),
  );
  const decoded = decodeDnsMessage(response);
  assert.ok(decoded.kind === 'message');
  assert.deepEqual(
    decoded.message.answers.map(({ name, type }) => [name, type]),
    [
      ['cart.shop', 5],
      ['a.shop', 1],
    ],
  );
  assert.deepEqual([...decoded.message.answers[1]!.content], [127, 64, 0, 1]);
  assert.deepEqual(ednsOf(decoded.message), { udpBytes: 0x4d0, version: 0 });
});

test('readName refuses pointers that lead forwards, to themselves and round in a circle', () => {
  assert.equal(readName(octetsOf('c000'), 0), undefined);
  assert.equal(readName(octetsOf('0161 c000'), 0), undefined);
  assert.equal(readName(octetsOf('c002 0161 00'), 0), undefined);
  assert.equal(readName(octetsOf('0161 c004 0162 c000'), 4), undefined);
  assert.deepEqual(readName(octetsOf('0161 00 0162 c000'), 3), { name: 'b.a', end: 7 });
});

test('readName refuses labels and names that are too long (RFC 1035 §2.3.4)', () => {
  assert.equal(readName(Uint8Array.of(64, ...Array<number>(64).fill(0x61), 0), 0), undefined);
  const label = [63, ...Array<number>(63).fill(0x61)];
  assert.equal(readName(Uint8Array.from([...label, ...label, ...label, ...label, 0]), 0), undefined);
  assert.equal(encodeName('a'.repeat(64)), undefined);
  assert.equal(encodeName('a..b'), undefined);
  assert.deepEqual(encodeName('a.'), [1, 0x61, 0]);
});

test('decodeDnsMessage says what is wrong, with the id where there is one', () => {
  assert.deepEqual(decodeDnsMessage(octetsOf('1234')), {
    kind: 'malformed',
    reason: 'the header is not whole',
    id: null,
  });
  const lying = octetsOf('1234 0100 ffff ffff ffff ffff 00 0001 0001');
  assert.deepEqual(decodeDnsMessage(lying), { kind: 'malformed', reason: 'a question is not whole', id: 0x1234 });
});

test('an OPT record carries the high bits of the response code (RFC 6891 §6.1.3)', () => {
  const message = { ...QUERY, additional: [optRecord(1232, RESPONSE_CODE.badVersion)] };
  const decoded = decodeDnsMessage(encodeDnsMessage(message));
  assert.ok(decoded.kind === 'message');
  assert.equal(decoded.message.additional[0]!.ttlSeconds >>> 24, 1);
});

test('decodeDnsMessage gives a value for any octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      assert.ok(['message', 'malformed'].includes(decodeDnsMessage(octets).kind));
    }),
  );
});

test('any change of an octet of a message is read or refused, and nothing else', () => {
  const whole = encodeDnsMessage({
    ...QUERY,
    answers: [{ ...QUERY.questions[0]!, ttlSeconds: 5, content: encodeIpv4('127.64.0.1') }],
    additional: [optRecord(1232)],
  });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, octet, length) => {
      const changed = whole.slice(0, length);
      if (at < changed.length) changed[at] = octet;
      assert.ok(['message', 'malformed'].includes(decodeDnsMessage(changed).kind));
    }),
  );
});

test('what encodeDnsMessage writes decodeDnsMessage reads', () => {
  const label = fc
    .array(fc.nat(255), { minLength: 1, maxLength: 20 })
    .map((octets) => Uint8Array.of(octets.length, ...octets));
  const name = fc.array(label, { maxLength: 6 }).map((labels) => {
    const octets = Uint8Array.from([...labels.flatMap((one) => [...one]), 0]);
    return readName(octets, 0)!.name;
  });
  const record = fc.record(
    {
      name,
      type: fc.nat(0xffff),
      class: fc.nat(0xffff),
      ttlSeconds: fc.nat(0xffff_ffff),
      content: fc.uint8Array({ maxLength: 40 }),
    },
    PLAIN,
  );
  const records = fc.array(record, { maxLength: 3 });
  const message = fc.record(
    {
      id: fc.nat(0xffff),
      isResponse: fc.boolean(),
      opcode: fc.nat(15),
      isAuthoritative: fc.boolean(),
      isTruncated: fc.boolean(),
      wantsRecursion: fc.boolean(),
      offersRecursion: fc.boolean(),
      responseCode: fc.nat(15),
      questions: fc.array(fc.record({ name, type: fc.nat(0xffff), class: fc.nat(0xffff) }, PLAIN), { maxLength: 2 }),
      answers: records,
      authorities: records,
      additional: records,
    },
    PLAIN,
  );
  fc.assert(
    fc.property(message, (given) => {
      assert.deepEqual(decodeDnsMessage(encodeDnsMessage(given)), { kind: 'message', message: given });
    }),
  );
});
