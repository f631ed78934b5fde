import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocuments } from '#model/documents.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import type { LiveWorkload } from './live-workload.ts';
import { MeshCompiler } from './mesh-compiler.ts';

const own = 'selvage.dev/v1alpha1';
const ports = [
  { name: 'web', port: 80 },
  { name: 'admin', port: 81 },
];
const services = ['cart', 'pay'];

const workloads = services.map((service): LiveWorkload => ({
  id: service,
  principal: `spiffe://cluster.local/ns/shop/sa/${service}`,
  namespace: 'shop',
  serviceAccount: service,
  service,
  address: '10.0.0.1',
  meshPort: 15_008,
  zone: '',
  ports: ports.map(({ port }) => ({ port, protocol: 'http' })),
  state: 'ready',
}));

interface Policy {
  readonly name: string;
  readonly service: string;
  readonly section: string | undefined;
  readonly mode: string | undefined;
  readonly exempt: boolean;
  readonly isBroken: boolean;
}

const policies = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    service: fc.constantFrom(...services),
    section: fc.constantFrom(undefined, 'web', 'admin'),
    mode: fc.constantFrom(undefined, 'STRICT', 'PERMISSIVE'),
    exempt: fc.boolean(),
    isBroken: fc.boolean(),
  }),
  { maxLength: 6 },
);

function documentOf({ name, service, section, mode, exempt, isBroken }: Policy): object {
  const spec = {
    targetRefs: [{ name: service, ...(section !== undefined && { sectionName: section }) }],
    ...(mode !== undefined && { mtls: { mode } }),
    ...(exempt && { exemptPaths: [`/${name}`] }),
    ...(isBroken && { colour: 'red' }),
  };
  return { apiVersion: own, kind: 'PeerAuthentication', metadata: { name, namespace: 'shop' }, spec };
}

/** By service and name of the port. */
function compiled(declared: readonly Policy[], byDefault: string): ReadonlyMap<string, WorkloadPort> {
  const documents = [
    ...services.map((name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: { ports },
    })),
    { apiVersion: own, kind: 'Mesh', metadata: { name: 'default' }, spec: { mtls: { mode: byDefault } } },
    ...declared.map(documentOf),
  ];
  const files = documents.map((document, i) => parseDocuments(`${i}.json`, JSON.stringify(document)));
  const result = new MeshCompiler().compile(
    files.flatMap(({ resources }) => resources),
    workloads,
    files.flatMap(({ rejected }) => rejected),
  );
  return new Map(
    services.flatMap((service) => {
      const workload = result.workloads.get(service)?.resources.get(`workload shop/${service}/${service}`);
      return (workload as WorkloadResource).ports.map((port, i) => [`${service} ${ports[i]!.name}`, port] as const);
    }),
  );
}

/** Of two documents of one name the first counts, and a valid one speaks for a broken one. */
function effective(declared: readonly Policy[]): readonly Policy[] {
  const first = new Map<string, Policy>();
  for (const policy of declared) if (!policy.isBroken && !first.has(policy.name)) first.set(policy.name, policy);
  return declared.filter((policy) => (policy.isBroken ? !first.has(policy.name) : first.get(policy.name) === policy));
}

test('the policy for a port goes before that for its Service, then the first by name; a broken one is STRICT', () => {
  fc.assert(
    fc.property(policies, fc.constantFrom('STRICT', 'PERMISSIVE'), (declared, byDefault) => {
      const found = compiled(declared, byDefault);
      for (const service of services) {
        for (const { name: section } of ports) {
          const candidates = [section, undefined].map((wanted) =>
            effective(declared)
              .filter((policy) => policy.service === service && policy.section === wanted)
              .toSorted((a, b) => Number(a.isBroken) - Number(b.isBroken) || (a.name < b.name ? -1 : 1)),
          );
          const decides = candidates.find((level) => level.length > 0)?.[0];
          const { mtls, exemptPaths } = found.get(`${service} ${section}`)!;
          if (decides?.isBroken === true) assert.deepEqual([mtls, exemptPaths], ['STRICT', []]);
          else {
            assert.equal(mtls, decides?.mode ?? byDefault);
            assert.deepEqual(exemptPaths, decides?.exempt === true ? [`/${decides.name}`] : []);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});
