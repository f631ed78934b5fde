import type { Resource, ResourceOf } from '#model/resource.ts';
import type { LiveWorkload } from './live-workload.ts';

/** Annotation of a Service or a Gateway: the service accounts that may serve it, separated by commas. */
export const serviceAccountsAnnotation = 'selvage.dev/service-accounts';

/** Whether a Service's endpoints are to come from workloads, wherever these run: it says who they are. */
export function expectsWorkloads({ metadata }: ResourceOf<'Service'>): boolean {
  return metadata.annotations[serviceAccountsAnnotation] !== undefined;
}

/**
 * Tells whether a workload may serve the service that it names. A service account is what a stolen join token is bound
 * to, so it must not open the traffic of other services: without more said, it serves the service of its own name.
 *
 * @returns the reason where it may not
 */
export function membershipRefusal(
  workload: LiveWorkload,
  service: ResourceOf<'Service'> | undefined,
): string | undefined {
  return refusalOf(workload, workload.service, 'Service', service);
}

/**
 * Tells whether a proxy may be the gateway that it names. A gateway holds private keys and sees all that passes, so the
 * same holds for it.
 *
 * @returns the reason where it may not
 */
export function gatewayRefusal(proxy: LiveWorkload, gateway: ResourceOf<'Gateway'> | undefined): string | undefined {
  return refusalOf(proxy, proxy.gateway ?? '', 'Gateway', gateway);
}

function refusalOf(
  { namespace, serviceAccount }: LiveWorkload,
  name: string,
  kind: 'Service' | 'Gateway',
  served: Resource | undefined,
): string | undefined {
  const declared = served?.metadata.annotations[serviceAccountsAnnotation];
  const permitted = declared === undefined ? [name] : declared.split(',').map((account) => account.trim());
  if (permitted.includes(serviceAccount)) return undefined;
  const title = `${kind} ${namespace}/${name}`;
  return `service account ${serviceAccount} may not serve ${kind === 'Service' ? `${namespace}/${name}` : title}: only ${permitted.join(', ')} (annotate ${title} with ${serviceAccountsAnnotation})`;
}
