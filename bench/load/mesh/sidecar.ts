// One sidecar in a process of its own: `sidecar.ts <settings.json>`. Serves until it is ended.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import { createTrustBundle } from '#identity/trust-bundle.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { Inbound } from '#proxy/inbound.ts';
import type { MeshIdentity } from '#proxy/mesh/mesh-identity.ts';
import { Outbound, type Capture } from '#proxy/outbound.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';

export interface SidecarSettings {
  readonly principal: string;
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
  readonly resources: readonly SnapshotResource[];
  readonly accessLog: string;
  /** Of an inbound one. */
  readonly port?: number;
  /** Of an outbound one. */
  readonly capture?: Capture;
}

const settings = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as SidecarSettings;
const metrics = new RequestMetrics();
const accessLog = new AccessLog({ type: 'file', path: settings.accessLog });
const common = { identity: readIdentity(settings), metrics, accessLog };
const { port, capture } = settings;
const sidecar =
  capture === undefined
    ? new Inbound({ ...common, address: '127.0.0.1', ...(port === undefined ? {} : { port }) })
    : new Outbound({ ...common, proxy: null, captures: [capture] });
await sidecar.open();
await sidecar.apply({ version: '1', upserts: settings.resources, removals: [] });

function readIdentity({ principal, certificateChain, privateKey, roots }: SidecarSettings): MeshIdentity {
  const spiffeId = parseSpiffeId(principal);
  const key = WorkloadKey.fromPem(privateKey);
  if (typeof spiffeId === 'string' || key === undefined) throw new Error(`cannot use the identity of ${principal}`);
  const bundle = createTrustBundle(spiffeId.trustDomain, 1, roots);
  if (typeof bundle === 'string') throw new Error(bundle);
  const obtainedAtMs = Date.now();
  const svid = {
    spiffeId,
    certificateChain,
    key,
    serialNumber: '',
    obtainedAtMs,
    expiresAtMs: obtainedAtMs + 86_400_000,
  };
  return { current: { svid, bundle }, subscribe: () => () => {} };
}
