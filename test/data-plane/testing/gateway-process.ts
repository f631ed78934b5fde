// A gateway in a process of its own: `gateway-process.ts <port of the origin>` prints the port that it serves.
import process from 'node:process';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { Gateway } from '#proxy/gateway.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { declareCluster, declareListener, declareRoute } from './declarations.ts';

const port = Number(process.argv[2]);
const gateway = new Gateway({
  shared: false,
  metrics: new RequestMetrics(),
  accessLog: new AccessLog({ type: 'none' }),
  trustedProxies: [],
});
const resources: SnapshotResource[] = [
  declareListener(),
  declareRoute({}),
  ...declareCluster({ endpoints: [{ port }] }),
];
await gateway.apply({ version: '1', upserts: resources, removals: [] });
console.log(gateway.bound[0]!.port);
process.stdin.resume().on('end', () => process.exit());
