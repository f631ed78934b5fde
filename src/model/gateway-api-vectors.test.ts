import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { describeKinds } from './schema-reference.ts';

const folder = new URL('../../../shared/vectors/gateway-api-crds/', import.meta.url);
const files = {
  GatewayClass: 'gatewayclasses.yaml',
  Gateway: 'gateways.yaml',
  HTTPRoute: 'httproutes.yaml',
  GRPCRoute: 'grpcroutes.yaml',
  TLSRoute: 'tlsroutes.yaml',
  TCPRoute: 'tcproutes.yaml',
  BackendTLSPolicy: 'backendtlspolicies.yaml',
  ReferenceGrant: 'referencegrants.yaml',
};

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | false;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  allOf?: Schema[];
  default?: unknown;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minProperties?: number;
  maxProperties?: number;
}

const limits = ['type', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'] as const;

/** Patterns are the same when they are so after needless escapes are gone. */
const plainPattern = (pattern: string) => new RegExp(pattern).source.replaceAll('\\/', '/').replaceAll('\\-', '-');

function* differences(standard: Schema, ours: Schema, path: string): Iterable<string> {
  for (const limit of limits) {
    // A minimum of zero that lengths have anyway says nothing.
    const vacuous = limit.startsWith('min') && limit !== 'minimum' && standard[limit] === 0;
    // A list of words says more than their type.
    const listed = limit === 'type' && standard.enum !== undefined;
    if (standard[limit] !== undefined && !vacuous && !listed && standard[limit] !== ours[limit]) {
      yield `${path}: ${limit} is ${standard[limit]} in the standard, ${ours[limit]} here`;
    }
  }
  if (standard.enum !== undefined) {
    const known = ours.enum ?? [ours.const];
    const differing = new Set(standard.enum).symmetricDifference(new Set(known));
    if (differing.size > 0) yield `${path}: enum ${standard.enum.join()} / ${known.join()}`;
  }
  if (standard.pattern !== undefined) {
    const patterns = [ours.pattern, ...(ours.allOf ?? []).map(({ pattern }) => pattern)].filter(
      (pattern) => pattern !== undefined,
    );
    if (!patterns.map(plainPattern).includes(plainPattern(standard.pattern)))
      yield `${path}: pattern ${standard.pattern} / ${patterns.join(' ')}`;
  }
  if (standard.default !== undefined && typeof standard.default !== 'object' && standard.default !== ours.default) {
    yield `${path}: default ${JSON.stringify(standard.default)} / ${JSON.stringify(ours.default)}`;
  }
  if (standard.properties !== undefined) yield* fieldDifferences(standard, ours, path);
  if (standard.items !== undefined) yield* differences(standard.items, ours.items ?? {}, `${path}[]`);
  if (standard.additionalProperties)
    yield* differences(standard.additionalProperties, ours.additionalProperties || {}, `${path}{}`);
}

function* fieldDifferences(standard: Schema, ours: Schema, path: string): Iterable<string> {
  const theirFields = Object.keys(standard.properties ?? {}).toSorted();
  const ourFields = Object.keys(ours.properties ?? {}).toSorted();
  if (theirFields.join() !== ourFields.join()) yield `${path}: fields ${theirFields.join()} / ${ourFields.join()}`;
  const theirNeed = (standard.required ?? []).toSorted().join();
  const ourNeed = (ours.required ?? []).toSorted().join();
  if (theirNeed !== ourNeed) yield `${path}: required ${theirNeed} / ${ourNeed}`;
  for (const field of theirFields) {
    yield* differences(
      standard.properties![field]!,
      ours.properties?.[field] ?? {},
      path === '' ? field : `${path}.${field}`,
    );
  }
}

const absent = existsSync(folder) ? false : "the folder with the standard's schemas is not there";

for (const [kind, file] of Object.entries(files)) {
  test(
    `${kind} has the fields, words, patterns, limits and defaults of the Gateway API's schema`,
    { skip: absent },
    () => {
      const { spec } = parse(readFileSync(new URL(file, folder), 'utf8'));
      const ours = describeKinds().find((reference) => reference.kind === kind)!;
      const served = spec.versions.filter((version: { served: boolean }) => version.served);
      assert.deepEqual(
        ours.apiVersions,
        served.map(({ name }: { name: string }) => `${spec.group}/${name}`),
      );
      for (const version of served) {
        const standard = version.schema.openAPIV3Schema.properties.spec as Schema;
        const properties = ours.jsonSchema['properties'] as Record<string, Schema>;
        assert.deepEqual([...differences(standard, properties['spec']!, 'spec')], []);
      }
    },
  );
}
