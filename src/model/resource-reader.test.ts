import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResource } from './resource-reader.ts';
import { describeKinds } from './schema-reference.ts';
import { authorityCertificate, leafCertificate, leafKey } from './testing/key-pair.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** Texts of which each fits somewhere and is wrong elsewhere. */
const text = fc.constantFrom(
  '',
  'a',
  'b',
  'A',
  '*',
  '*.a.example',
  '192.0.2.1',
  '::/0',
  '10.0.0.0/8',
  '0s',
  '1m',
  'System',
  '(',
  'a{9}',
  '/a',
  'https',
  'grpc',
  'Service',
  'Gateway',
  'YQ==',
  'spiffe://a/b',
  'kubernetes.io/tls',
  '\u0000',
  'ü'.repeat(300),
  leafCertificate,
  leafKey,
  authorityCertificate,
);
const key = fc.constantFrom('ca.crt', 'tls.crt', 'tls.key', 'selvage.dev/min-version', '__proto__', 'a b', '');
const wrong = fc.oneof(fc.jsonValue({ maxDepth: 1 }), text, fc.constant({ toString: 0 }));

/** Values that mostly have the shape of a schema, so that rules get to see what is wrong in other places. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(null).chain(() => fittingValueOf(schema)) },
    { weight: 1, arbitrary: wrong },
  );
}

function fittingValueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).map(([name, field]) => [name, valueOf(field)]);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  }
  if (schema.items !== undefined) return fc.array(valueOf(schema.items), { maxLength: 3 });
  if (schema.additionalProperties) return fc.dictionary(key, valueOf(schema.additionalProperties), { maxKeys: 3 });
  if (schema.type === 'integer') return fc.constantFrom(-1, 0, 1, 80, 443, 70_000);
  if (schema.type === 'boolean') return fc.boolean();
  return text;
}

for (const { kind, apiVersions, jsonSchema } of describeKinds()) {
  test(`readResource judges any ${kind}, and gives either a resource or errors`, () => {
    const said = { apiVersion: apiVersions[0], kind };
    const declared = fittingValueOf(jsonSchema as Schema).map((fields) => {
      return { ...(fields as object), ...said, metadata: { name: 'a' } };
    });
    fc.assert(
      fc.property(declared, (value) => {
        const { resource, errors } = readResource(value);
        assert.equal(resource === undefined, errors.length > 0);
      }),
      { numRuns: 200 },
    );
  });
}
