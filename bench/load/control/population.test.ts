import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '#model/documents.ts';
import { calledBy, documentsOf, POPULAR, servedBy } from './population.ts';

const SIZE = { services: 1000, proxies: 2000, called: 10 };

test('every workload calls the popular service and nine others, which are called about equally often', () => {
  const calls = Array.from({ length: SIZE.services }, () => 0);
  for (let workload = 0; workload < SIZE.proxies; workload++) {
    const called = calledBy(workload, SIZE);
    assert.equal(new Set(called).size, SIZE.called);
    for (const service of called) calls[service]!++;
  }
  assert.equal(calls[POPULAR], SIZE.proxies);
  assert.ok(calls.every((count) => count >= 10));
  assert.ok(calls.slice(1).every((count) => count <= 30));
});

test('all services are declared validly, and served by as many workloads each', () => {
  const { resources, diagnostics } = parseDocuments('mesh.yaml', documentsOf(SIZE));
  assert.deepEqual([resources.length, diagnostics.length], [SIZE.services, 0]);
  const served = new Set(Array.from({ length: SIZE.proxies }, (_, workload) => servedBy(workload, SIZE)));
  assert.equal(served.size, SIZE.services);
});
