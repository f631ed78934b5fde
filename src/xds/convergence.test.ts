import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lease } from './client/wanted-names.ts';
import { DiscoveryServer } from './discovery-server.ts';
import { INVALID_ARGUMENT } from './grpc-status.ts';
import { ResourceLayer } from './server/resource-layer.ts';
import { delta, resource } from './testing/resources.ts';
import { TestProxy } from './testing/mesh.ts';

/*
 * Whatever happens in whatever order, in the end the proxy has exactly what the server has of what it wants: the newest
 * version that it could use.
 */

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const ON_DEMAND = ['cluster', 'endpoints'] as const;
const WILDCARDS = ['listener', 'http-route'] as const;
const TYPES = [...ON_DEMAND, ...WILDCARDS];

const name = fc.constantFrom(...NAMES);
const type = fc.constantFrom(...TYPES);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), type, name, layer: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), type, name, layer: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('subscribe' as const), type: fc.constantFrom(...ON_DEMAND), name }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('response' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('apply' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
);

/** Every third version of `b` is one that no proxy can use. */
const isUnusable = (name: string, version: number): boolean => name === 'b' && version % 3 === 0;

test('DiscoveryClient ends with the newest versions that it could use of what it wants, whatever happened', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), fc.boolean(), (steps, slow, manual) => {
      const scheduled: (() => void)[] = [];
      const flush = (): void => {
        for (const task of scheduled.splice(0)) task();
      };
      const layers = [new ResourceLayer('everybody'), new ResourceLayer('everybody')];
      const server = new DiscoveryServer({
        admit: () => ({ admitted: true, layers }),
        schedule: (task) => void scheduled.push(task),
        limits: { responseBytes: 100, outstandingResponses: 2 },
        ended: (_node, _principal, status) => assert.notEqual(status.code, INVALID_ARGUMENT, status.message),
      });
      const proxy = new TestProxy(server, { wildcardTypes: WILDCARDS, idleNameMs: 1000 });
      proxy.manual = manual;
      proxy.refuses = (name, version) => (isUnusable(name, Number(version)) ? 'cannot use it' : '');
      const leases: { key: string; lease: Lease }[] = [];
      let version = 0;
      proxy.client.start();
      for (const next of steps) {
        if (slow && proxy.call !== null) proxy.call.server.slow = true;
        if (next.do === 'publish') {
          layers[next.layer]!.apply(delta(`v${++version}`, [resource(next.type, next.name, String(version))]));
        } else if (next.do === 'remove') {
          layers[next.layer]!.apply(delta(`v${++version}`, [], [`${next.type} ${next.name}`]));
        } else if (next.do === 'subscribe') {
          leases.push({ key: `${next.type} ${next.name}`, lease: proxy.client.subscribe(next.type, next.name) });
        } else if (next.do === 'release') leases.splice(next.at, 1)[0]?.lease.release();
        else if (next.do === 'expire') proxy.time.pass(1200);
        else if (next.do === 'request') proxy.deliverRequest();
        else if (next.do === 'response') proxy.deliverResponse();
        else if (next.do === 'apply') proxy.applyNext();
        else if (next.do === 'lose') proxy.call?.lose();
        else if (next.do === 'wait') proxy.time.pass(next.ms);
        else flush();
      }
      for (let round = 0; round < 50; round++) {
        flush();
        proxy.time.pass(round < 4 ? 600 : 0);
        while (proxy.deliverRequest() || proxy.deliverResponse() || proxy.applyNext());
      }

      const wanted = new Set(leases.map(({ key }) => key));
      for (const type of WILDCARDS) for (const name of NAMES) wanted.add(`${type} ${name}`);
      for (const key of wanted) {
        const [type, name] = key.split(' ') as [(typeof TYPES)[number], string];
        const newest = (layers[0]!.get(type, name) ?? layers[1]!.get(type, name))?.version;
        if (newest === undefined) assert.equal(proxy.applied.get(key), undefined, key);
        else if (isUnusable(name, Number(newest))) assert.notEqual(proxy.applied.get(key), newest, key);
        else assert.equal(proxy.applied.get(key), newest, key);
      }
      for (const key of proxy.applied.keys()) assert.ok(wanted.has(key), `${key} is not wanted`);
      for (const { key, lease } of leases)
        assert.equal(lease.presence, proxy.applied.has(key) ? 'present' : 'absent', key);
      const held = [...proxy.client.resources()].map(({ type, name, version }) => [`${type} ${name}`, version]);
      assert.deepEqual(new Map(held as [string, string][]), proxy.applied);
      const subscribed = server.status().flatMap(({ types }) => types.map(({ type, names }) => [type, names]));
      for (const [type, count] of subscribed) {
        const asked = new Set(leases.flatMap(({ key }) => (key.startsWith(`${type} `) ? [key] : [])));
        assert.equal(count, asked.size, `${type}`);
      }
    }),
    { numRuns: 400 },
  );
});
