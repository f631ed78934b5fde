import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments, type LoadedResource } from '#model/documents.ts';
import { resourceKey } from '#model/resource.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import { snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import { Compiler, type CompileResult } from './compiler.ts';
import { arbitraryDocuments } from './testing/arbitrary-documents.ts';
import { readDocuments } from './testing/golden-key.ts';

/** Secrets with real certificates, which are too dear to make for each run. */
const tlsSecrets = parseDocuments(
  'tls.yaml',
  readDocuments(join(import.meta.dirname, 'testdata/tls/edge.yaml')).replaceAll('name: example', 'name: x'),
).resources.filter(({ resource }) => resource.kind === 'Secret');

function load(documents: readonly object[]): readonly LoadedResource[] {
  return documents.flatMap((document, i) => parseDocuments(`${i}.json`, JSON.stringify(document)).resources);
}

const arbitraryResources = arbitraryDocuments.map((documents) => [...load(documents), ...tlsSecrets]);

/** Each object once: of two with one name the order decides, and rightly so. */
const distinctResources = arbitraryResources.map((loaded) => [
  ...new Map(loaded.map((entry) => [resourceKey(entry.resource), entry])).values(),
]);

function plain({ snapshot, statuses, diagnostics }: CompileResult) {
  return { version: snapshot.version, resources: [...snapshot.resources], statuses, diagnostics };
}

test('arbitraryResources reach what they should', () => {
  const seen = new Map<string, number>();
  for (const loaded of fc.sample(arbitraryResources, { numRuns: 100, seed: 1 })) {
    for (const resource of new Compiler().compile(loaded).snapshot.resources.values()) {
      for (const feature of featuresOf(resource)) seen.set(feature, (seen.get(feature) ?? 0) + 1);
    }
  }
  for (const feature of features) assert.ok((seen.get(feature) ?? 0) > 5, `${feature}: ${seen.get(feature)}`);
});

const features = ['listener', 'certificate', 'cluster', 'endpoints', 'cluster tls', 'cluster #'].concat([
  'http-route',
  'http-route GRPCRoute',
  'stream-route TCPRoute',
  'stream-route TLSRoute',
]);

function featuresOf(resource: SnapshotResource): readonly string[] {
  const { type, name } = resource;
  const found: string[] = [type, `${type} ${name.split('/')[0]}`];
  if (name.includes('#')) found.push(`${type} #`);
  if (type === 'cluster' && resource.tls !== null) found.push('cluster tls');
  return found;
}

test('Compiler makes of any valid objects a snapshot in which every name leads to something', () => {
  fc.assert(
    fc.property(arbitraryResources, (loaded) => {
      const { snapshot, diagnostics } = new Compiler().compile(loaded);
      for (const name of namesIn(snapshot)) assert.ok(snapshot.resources.has(name), name);
      for (const [key, resource] of snapshot.resources) {
        assert.equal(key, snapshotKey(resource));
        assert.ok(Object.isFrozen(resource));
        assert.deepEqual(JSON.parse(JSON.stringify(resource)), resource);
      }
      for (const { location } of diagnostics) assert.ok(location.line >= 1 && location.column >= 1);
    }),
    { numRuns: 120 },
  );
});

function* namesIn(snapshot: Snapshot): Iterable<string> {
  for (const resource of snapshot.resources.values()) {
    if (resource.type === 'cluster') {
      yield `endpoints ${resource.name}`;
      const certificate = resource.tls?.clientCertificate ?? null;
      if (certificate !== null) yield `certificate ${certificate}`;
    }
    if (resource.type === 'listener') for (const name of resource.tls?.certificates ?? []) yield `certificate ${name}`;
    if (resource.type !== 'http-route' && resource.type !== 'stream-route') continue;
    for (const { listener, hostnames } of resource.attachments) {
      assert.ok(hostnames.length > 0);
      yield `listener ${listener}`;
    }
    if (resource.type === 'stream-route') {
      for (const { cluster } of resource.backends) if (cluster !== null) yield `cluster ${cluster}`;
      continue;
    }
    for (const { backends, filters, matches } of resource.rules) {
      assert.ok(matches.length > 0 && backends.length > 0);
      yield* mirrorsIn(filters);
      for (const { cluster } of backends) if (cluster !== null) yield `cluster ${cluster}`;
    }
  }
}

function* mirrorsIn(filters: readonly FilterSpec[]): Iterable<string> {
  for (const filter of filters)
    if (filter.type === 'RequestMirror' && filter.cluster !== null) yield `cluster ${filter.cluster}`;
}

test('Compiler comes to the same result whatever it compiled before', () => {
  fc.assert(
    fc.property(
      arbitraryResources,
      arbitraryResources,
      fc.array(fc.boolean(), { maxLength: 40 }),
      (before, after, keep) => {
        const compiler = new Compiler();
        compiler.compile(before);
        // What is kept from before is the identical object, as after an edit of one file among many.
        const mixed = [...before.filter((_, i) => keep[i] === true), ...after];
        assert.deepEqual(plain(compiler.compile(mixed)), plain(new Compiler().compile(mixed)));
        assert.deepEqual(plain(compiler.compile(before)), plain(new Compiler().compile(before)));
      },
    ),
    { numRuns: 80 },
  );
});

test('Compiler hands out identical resources and versions while nothing changes', () => {
  fc.assert(
    fc.property(arbitraryResources, (loaded) => {
      const compiler = new Compiler();
      const first = compiler.compile(loaded).snapshot;
      const second = compiler.compile([...loaded]).snapshot;
      assert.equal(second.version, first.version);
      for (const [key, resource] of second.resources) assert.equal(resource, first.resources.get(key));
    }),
    { numRuns: 50 },
  );
});

test('Compiler serves the same whatever the order of the documents', () => {
  fc.assert(
    fc.property(distinctResources, fc.integer(), (loaded, seed) => {
      const shuffled = loaded.toSorted((a, b) => orderBy(seed, a) - orderBy(seed, b));
      const [one, other] = [new Compiler().compile(loaded), new Compiler().compile(shuffled)];
      assert.equal(one.snapshot.version, other.snapshot.version);
      assert.deepEqual(one.statuses, other.statuses);
    }),
    { numRuns: 80 },
  );
});

function orderBy(seed: number, { resource }: LoadedResource): number {
  let order = seed | 0;
  for (const letter of resourceKey(resource)) order = Math.imul(order ^ letter.charCodeAt(0), 0x01000193);
  return order;
}
