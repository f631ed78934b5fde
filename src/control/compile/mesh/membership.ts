import type { ResourceOf } from '#model/resource.ts';
import type { LiveWorkload } from './live-workload.ts';

/** Annotation of a Service: the service accounts that may serve it, separated by commas. */
export const serviceAccountsAnnotation = 'selvage.dev/service-accounts';

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
  const declared = service?.metadata.annotations[serviceAccountsAnnotation];
  const permitted = declared === undefined ? [workload.service] : declared.split(',').map((account) => account.trim());
  if (permitted.includes(workload.serviceAccount)) return undefined;
  const title = `${workload.namespace}/${workload.service}`;
  return `service account ${workload.serviceAccount} may not serve ${title}: only ${permitted.join(', ')} (annotate Service ${title} with ${serviceAccountsAnnotation})`;
}
