import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CorsSpec } from '#model/snapshot/http-route.ts';
import type { Answer } from '../../exchange/answer.ts';
import { compileFilters } from '../compile-filters.ts';
import { createTestExchange, createTestResponse, createTestSlot } from '../testing/exchange.ts';

const SPEC: CorsSpec = {
  type: 'CORS',
  allowOrigins: ['https://www.foo.com', 'https://*.bar.com'],
  allowMethods: ['GET', 'OPTIONS'],
  allowHeaders: ['x-header-1', 'x-header-2'],
  exposeHeaders: ['x-header-3', 'x-header-4'],
  allowCredentials: true,
  maxAgeSeconds: 3600,
};
const OPEN: CorsSpec = {
  ...SPEC,
  allowOrigins: ['*'],
  allowMethods: ['*'],
  allowHeaders: ['*'],
  exposeHeaders: ['*'],
  allowCredentials: false,
};

type FieldMap = Record<string, string>;
const asMap = (entries: readonly string[]): FieldMap => {
  const map: FieldMap = {};
  for (let i = 0; i < entries.length; i += 2) {
    assert.equal(map[entries[i]!], undefined, `${entries[i]} stands twice`);
    map[entries[i]!] = entries[i + 1]!;
  }
  return map;
};

const preflight = (spec: Partial<CorsSpec>, origin: string, ...more: string[]): FieldMap => {
  const [filter] = compileFilters([{ ...SPEC, ...spec }], { slot: createTestSlot });
  const fields = ['origin', origin, 'access-control-request-method', 'PUT', ...more];
  const answer = filter!.onRequest!(createTestExchange({ method: 'OPTIONS', fields })) as Answer;
  assert.equal(answer.status, 200);
  assert.equal(answer.body, null);
  return asMap(answer.fields.entries);
};

const respond = (spec: Partial<CorsSpec>, request: readonly string[], response: readonly string[] = []): FieldMap => {
  const [filter] = compileFilters([{ ...SPEC, ...spec }], { slot: createTestSlot });
  const exchange = createTestExchange({ fields: request });
  assert.equal(filter!.onRequest!(exchange), undefined);
  exchange.request.fields.remove('origin'); // as a later filter may
  const head = createTestResponse(response);
  filter!.onResponse!(exchange, head);
  return asMap(head.fields.entries);
};

const VARY = 'origin, access-control-request-method, access-control-request-headers';

test('Cors answers a preflight of an allowed origin', () => {
  for (const origin of ['https://www.foo.com', 'https://www.bar.com', 'https://xpto.www.bar.com']) {
    assert.deepEqual(preflight({}, origin, 'access-control-request-headers', 'x-header-1'), {
      vary: VARY,
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'x-header-1, x-header-2',
      'access-control-expose-headers': 'x-header-3, x-header-4',
      'access-control-max-age': '3600',
    });
  }
});

test('Cors answers a preflight of any other origin without permission', () => {
  assert.deepEqual(preflight({}, 'https://foobar.com'), { vary: VARY });
});

for (const allowCredentials of [false, true]) {
  test(`Cors returns what is asked where * is configured, ${allowCredentials ? 'with' : 'without'} credentials`, () => {
    const spec = { ...OPEN, allowCredentials };
    const answer = preflight(
      spec,
      'https://other.foo.com:12345',
      'access-control-request-headers',
      'authorization, x-a',
    );
    assert.deepEqual(answer, {
      vary: VARY,
      'access-control-allow-origin': 'https://other.foo.com:12345',
      ...(allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'authorization, x-a',
      ...(allowCredentials ? {} : { 'access-control-expose-headers': '*' }),
      'access-control-max-age': '3600',
    });
  });
}

test('Cors leaves lists out that are empty or that the preflight did not ask for', () => {
  const bare = { ...OPEN, allowMethods: [], exposeHeaders: [] };
  assert.deepEqual(preflight(bare, 'https://a.example'), {
    vary: VARY,
    'access-control-allow-origin': 'https://a.example',
    'access-control-max-age': '3600',
  });
});

test('Cors passes OPTIONS on that is no preflight', () => {
  const [filter] = compileFilters([SPEC], { slot: createTestSlot });
  assert.equal(
    filter!.onRequest!(createTestExchange({ method: 'OPTIONS', fields: ['origin', 'https://www.foo.com'] })),
    undefined,
  );
  assert.equal(
    filter!.onRequest!(createTestExchange({ method: 'OPTIONS', fields: ['access-control-request-method', 'GET'] })),
    undefined,
  );
});

test('Cors replaces what the backend said, also when a later filter took the origin away', () => {
  const backend = [
    'access-control-allow-origin',
    '*',
    'access-control-allow-origin',
    'null',
    'etag',
    'x',
    'access-control-allow-methods',
    'DELETE',
  ];
  assert.deepEqual(respond({}, ['origin', 'https://www.foo.com'], backend), {
    etag: 'x',
    vary: 'origin',
    'access-control-allow-origin': 'https://www.foo.com',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-header-3, x-header-4',
  });
});

test('Cors permits nothing to an origin that does not match, and says that it depends on it', () => {
  const backend = ['access-control-allow-origin', '*'];
  assert.deepEqual(respond({}, ['origin', 'https://foobar.com'], backend), { vary: 'origin' });
  assert.deepEqual(respond({}, [], backend), { vary: 'origin' });
});

test('Cors exposes * without credentials, and the names of the fields with them (Fetch, CORS protocol)', () => {
  const response = ['etag', 'x', 'set-cookie', 'a=1', 'x-total', '7'];
  const expose = (allowCredentials: boolean): string | undefined =>
    respond({ exposeHeaders: ['*'], allowCredentials }, ['origin', 'https://www.foo.com'], response)[
      'access-control-expose-headers'
    ];
  assert.equal(expose(false), '*');
  assert.equal(expose(true), 'etag, x-total, vary');
});

const VARIES: readonly (readonly [before: string[], after: string])[] = [
  [[], 'origin'],
  [['vary', 'accept-encoding'], 'accept-encoding, origin'],
  [['vary', 'Accept', 'vary', 'Cookie'], 'Accept, Cookie, origin'],
  [['vary', 'Accept, Origin'], 'Accept, Origin'],
  [['vary', '*'], '*'],
  [['vary', 'x-origin'], 'x-origin, origin'],
];

for (const [before, after] of VARIES) {
  test(`Cors makes ${JSON.stringify(before)} vary by '${after}' (RFC 9110 §12.5.5)`, () => {
    assert.equal(respond({}, ['origin', 'https://www.foo.com'], before)['vary'], after);
  });
}
