// An inbound sidecar in a process of its own: reads its settings, one JSON line, prints its port, ends with its input.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import { createTrustBundle } from '#identity/trust-bundle.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import type { WorkloadResource } from '#model/snapshot/workload.ts';
import { Inbound } from '#proxy/inbound.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';

export interface InboundSettings {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
  readonly workload: WorkloadResource;
}

createInterface({ input: process.stdin })
  .once('line', (line) => void serve(JSON.parse(line) as InboundSettings))
  .once('close', () => process.exit());

async function serve({ certificateChain, privateKey, roots, workload }: InboundSettings): Promise<void> {
  const spiffeId = parseSpiffeId(workload.principal);
  const key = WorkloadKey.fromPem(privateKey);
  if (typeof spiffeId === 'string' || key === undefined) throw new Error('cannot use the identity');
  const bundle = createTrustBundle(spiffeId.trustDomain, 1, roots);
  if (typeof bundle === 'string') throw new Error(bundle);
  const nowMs = Date.now();
  const svid = {
    spiffeId,
    certificateChain,
    key,
    serialNumber: '00',
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
  };
  const inbound = new Inbound({
    identity: { current: { svid, bundle }, subscribe: () => () => {} },
    metrics: new RequestMetrics(),
    accessLog: new AccessLog({ type: 'none' }),
    address: '127.0.0.1',
    port: 0,
  });
  await inbound.apply({ version: '1', upserts: [workload], removals: [] });
  await inbound.open();
  console.log(inbound.port);
}
