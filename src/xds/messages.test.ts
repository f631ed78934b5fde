import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRequest, decodeResponse } from './message-decoder.ts';
import { encodeRequest, encodeResource, encodeResponseFrame } from './message-encoder.ts';
import type { DeltaRequest, DeltaResponse } from './messages.ts';

// Encoded by protoc 3.21 from the Envoy API's own files, with fields in them that are not read here: a region and
// client features, an alias and a time to live, a number among the metadata, the control plane's name.
const REQUEST_OCTETS = Buffer.from(
  '0a5b0a09636172742d37663963120973686f702f636172741a230a110a04726f6c6512091a07736964656361720a0e0a016e1209110000' +
    '000000000840220b0a026575120565752d3161320773656c766167653a05302e312e305201781218747970652e73656c766167652e6465' +
    '762f636c75737465721a14536572766963652f73686f702f636172743a38301a002213536572766963652f73686f702f6f6c643a38302a' +
    '190a13536572766963652f73686f702f7061793a383012027637320231323a38080312116e6f2073756368207468696e673a20c3bc1a21' +
    '0a1b747970652e73656c766167652e6465762f72656a656374696f6e7312025b5d',
  'hex',
);
const RESPONSE_OCTETS = Buffer.from(
  '0a027339124a0a02763112230a18747970652e73656c766167652e6465762f636c757374657212077b2261223a317d1a14536572766963' +
    '652f73686f702f636172743a38302205616c6961733202080512230a027632121a0a18747970652e73656c766167652e6465762f636c75' +
    '737465721a01622218747970652e73656c766167652e6465762f636c75737465722a0231333204676f6e653203746f6f3a040a026370',
  'hex',
);
const CLUSTER = 'type.selvage.dev/cluster';

const REQUEST: DeltaRequest = {
  node: { id: 'cart-7f9c', service: 'shop/cart', zone: 'eu-1a', version: '0.1.0', metadata: { role: 'sidecar' } },
  typeUrl: CLUSTER,
  subscribe: ['Service/shop/cart:80', ''],
  unsubscribe: ['Service/shop/old:80'],
  initialVersions: new Map([['Service/shop/pay:80', 'v7']]),
  nonce: '12',
  error: {
    code: 3,
    message: 'no such thing: ü',
    details: [{ typeUrl: 'type.selvage.dev/rejections', value: Buffer.from('[]') }],
  },
};
const RESPONSE: DeltaResponse = {
  systemVersion: 's9',
  typeUrl: CLUSTER,
  nonce: '13',
  resources: [
    { name: 'Service/shop/cart:80', version: 'v1', content: { typeUrl: CLUSTER, value: Buffer.from('{"a":1}') } },
    { name: 'b', version: 'v2', content: { typeUrl: CLUSTER, value: Buffer.alloc(0) } },
  ],
  removed: ['gone', 'too'],
};

/** Octets and maps as something that is compared by content, whatever holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value.entries()];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const decoded = <T>(result: { ok: true; message: T } | { ok: false; reason: string }): T =>
  result.ok ? result.message : assert.fail(result.reason);

const encodeResponse = (response: DeltaResponse): Buffer =>
  Buffer.concat([encodeResponseFrame(response), ...response.resources.map(encodeResource)]);

test('decodeRequest reads what protoc wrote, and skips what is not used', () => {
  assert.deepEqual(plain(decoded(decodeRequest(REQUEST_OCTETS))), plain(REQUEST));
});

test('decodeResponse reads what protoc wrote, and skips what is not used', () => {
  assert.deepEqual(plain(decoded(decodeResponse(RESPONSE_OCTETS))), plain(RESPONSE));
});

test('decodeRequest and decodeResponse read what was encoded here', () => {
  assert.deepEqual(plain(decoded(decodeRequest(encodeRequest(REQUEST)))), plain(REQUEST));
  assert.deepEqual(plain(decoded(decodeResponse(encodeResponse(RESPONSE)))), plain(RESPONSE));
});

test('decodeRequest takes metadata whose key is __proto__ for what it is', () => {
  const node = { ...REQUEST.node!, metadata: JSON.parse('{"__proto__":"x"}') as Record<string, string> };
  const again = decoded(decodeRequest(encodeRequest({ ...REQUEST, node }))).node!.metadata;
  assert.deepEqual(Object.entries(again), [['__proto__', 'x']]);
  assert.equal(Object.getPrototypeOf(again), Object.prototype);
});

test('decodeRequest and decodeResponse end on any octets', () => {
  const broken = fc
    .tuple(fc.constantFrom(REQUEST_OCTETS, RESPONSE_OCTETS), fc.nat(400), fc.nat(255))
    .map(([octets, at, byte]) => {
      const copy = Buffer.from(octets);
      copy[at % copy.length] = byte;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 200 })), (octets) => {
      for (const result of [decodeRequest(octets), decodeResponse(octets)]) {
        if (!result.ok) assert.notEqual(result.reason, '');
      }
    }),
  );
});
