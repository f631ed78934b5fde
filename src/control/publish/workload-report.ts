import type { GrpcMethod } from '#xds/grpc-server.ts';
import { INVALID_ARGUMENT, PERMISSION_DENIED } from '#xds/grpc-status.ts';
import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { WorkloadRegistry } from '../registry/workload-registry.ts';
import { unaryMethod } from './unary-method.ts';

/*
 * How a sidecar says that its workload has become ready, unready, or is about to end: one gRPC call with JSON in its
 * messages, over mutual TLS.
 *
 *   → {"id": "cart-1", "state": "ready"}
 *   ← {}
 */

export const REPORT_PATH = '/selvage.registry.v1.WorkloadService/Report';

/** What a sidecar reports. */
export interface WorkloadReport {
  readonly id: string;
  readonly state: LiveWorkload['state'];
}

/**
 * The method by which workloads report how they are.
 *
 * @param principal who reports, by its certificate; '' for nobody
 */
export function reportMethod(registry: WorkloadRegistry, principal: string): GrpcMethod {
  return unaryMethod(async (request) => {
    if (!isReport(request))
      return { status: { code: INVALID_ARGUMENT, message: 'the request has not the fields of a report' } };
    if (!registry.report(request.id, principal, request.state))
      return {
        status: { code: PERMISSION_DENIED, message: 'no connected workload of this service account has that id' },
      };
    return {};
  });
}

function isReport(request: unknown): request is WorkloadReport {
  const report = request as Partial<Record<keyof WorkloadReport, unknown>> | null | undefined;
  if (typeof report !== 'object' || report === null || typeof report.id !== 'string') return false;
  return report.state === 'ready' || report.state === 'unready' || report.state === 'draining';
}
