import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProxiedAddresses } from './addresses.ts';
import { readProxyHeader } from './decoder.ts';
import { encodeProxyHeader } from './encoder.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const read = (text: string) => readProxyHeader(bytes(text), text.length);

const port = fc.integer({ min: 0, max: 65_535 });
const addresses = (kind: fc.Arbitrary<string>): fc.Arbitrary<ProxiedAddresses> =>
  fc.record({ sourceAddress: kind, sourcePort: port, destinationAddress: kind, destinationPort: port });
const eitherFamily = fc.oneof(addresses(fc.ipV4()), addresses(fc.ipV6()));
const canonical = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);
/** The same addresses in one spelling. */
const spelled = (given: ProxiedAddresses | null): unknown =>
  given === null
    ? null
    : { ...given, sourceAddress: spell(given.sourceAddress), destinationAddress: spell(given.destinationAddress) };
const spell = (address: string): string => (address.includes(':') ? canonical(address) : address);

test('readProxyHeader reads what encodeProxyHeader writes', () => {
  fc.assert(
    fc.property(fc.constantFrom(1 as const, 2 as const), eitherFamily, fc.string(), (version, given, rest) => {
      const header = encodeProxyHeader(version, given);
      const result = read(header + rest);
      assert.equal(result.kind, 'header');
      if (result.kind !== 'header') return;
      assert.equal(result.length, header.length);
      assert.deepEqual(spelled(result.addresses), spelled(given));
    }),
  );
});

test('readProxyHeader waits for the whole header, however it is split', () => {
  fc.assert(
    fc.property(fc.constantFrom(1 as const, 2 as const), eitherFamily, fc.nat(), (version, given, at) => {
      const header = encodeProxyHeader(version, given);
      assert.equal(read(header.slice(0, at % header.length)).kind, 'incomplete');
    }),
  );
});

test('readProxyHeader ends on any octets and takes none that are not there', () => {
  const start = fc.constantFrom('PROXY ', 'PROXY TCP4 ', '\r\n\r\n\0\r\nQUIT\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11', '');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, rest) => {
      const input = Buffer.concat([bytes(head), rest]);
      const result = readProxyHeader(input, input.length);
      if (result.kind === 'header') assert.ok(result.length <= input.length);
    }),
  );
});

const CASES: readonly (readonly [what: string, text: string, kind: string])[] = [
  ['a request', 'GET / HTTP/1.1\r\n', 'absent'],
  ['the beginning of a POST', 'P', 'incomplete'],
  ['a PUT', 'PUT', 'absent'],
  ['UNKNOWN with anything behind it', 'PROXY UNKNOWN ffff::1 zzz\r\n', 'header'],
  ['a header without its LF', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r', 'incomplete'],
  ['a line that does not end', `PROXY TCP4 ${'1'.repeat(120)}`, 'malformed'],
  ['two spaces', 'PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n', 'malformed'],
  ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n', 'malformed'],
  ['an octet beyond 255', 'PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n', 'malformed'],
  ['a port beyond 65535', 'PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n', 'malformed'],
  ['a port with a leading zero', 'PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n', 'malformed'],
  ['LOCAL', '\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00', 'header'],
  ['an unknown version', '\r\n\r\n\0\r\nQUIT\n\x11\x11\x00\x0c123456789012', 'malformed'],
  ['addresses that are cut short', '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x04abcd', 'malformed'],
  ['a header beyond the limit', '\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff', 'malformed'],
];

for (const [what, text, kind] of CASES) {
  test(`readProxyHeader says ${kind} of ${what}`, () => assert.equal(read(text).kind, kind));
}
