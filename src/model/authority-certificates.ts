import { type ConfigMap, configMapEntry } from './config-map.ts';
import { authoritiesEntry } from './schema/entry.ts';
import { type Secret, secretEntry } from './secret.ts';
import { certificatesIn } from './tls-key-pair.ts';

/**
 * Reads the certificates of authorities that a `caCertificateRefs` refers to.
 *
 * @returns each certificate in PEM, in the order written, without what stands around them; undefined where the
 * resource holds none, so that nothing can be verified with it
 */
export function authorityCertificates(resource: ConfigMap | Secret): readonly string[] | undefined {
  const entry =
    resource.kind === 'Secret' ? secretEntry(resource, authoritiesEntry) : configMapEntry(resource, authoritiesEntry);
  const certificates = entry === undefined ? [] : certificatesIn(entry.toString('latin1'));
  return certificates.length === 0 ? undefined : certificates;
}
