import { getBuiltinModule } from 'node:process';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { Snapshot, SnapshotResource } from '#model/snapshot/snapshot.ts';
import { REDACTED, isSecret } from '#telemetry/secret-query.ts';

/** Members that hold a secret whatever they hold. */
const SECRET_MEMBER = /private_?key|secret|password|passphrase|credential|token$/i;

/** Fields of HTTP that are credentials; their values may be declared, as those that a filter sets. */
const SECRET_FIELDS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-forwarded-client-cert',
]);

/** @returns what a proxy goes by, for a dump: keys and secrets are left out or replaced by `REDACTED` */
export const dumpSnapshot = (snapshot: Snapshot): unknown => ({
  version: snapshot.version,
  resources: [...snapshot.resources.values()].map(dumpResource),
});

const dumpResource = (resource: SnapshotResource): unknown =>
  resource.type === 'certificate' ? dumpCertificate(resource) : redact(resource);

/** Says member by member what may be seen, so that a member that is added later is not shown by mistake. */
const dumpCertificate = ({ type, name, version, certificateChain }: CertificateResource): unknown => ({
  type,
  name,
  version,
  certificates: (certificateChain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    describe,
  ),
});

const describe = (pem: string): unknown => {
  // Loaded by who asks for it: a proxy that speaks no TLS is several megabytes smaller without.
  const { X509Certificate } = getBuiltinModule('node:crypto');
  try {
    const { subject, subjectAltName, validFromDate, validToDate } = new X509Certificate(pem);
    return { subject, subjectAltName, notBefore: validFromDate.toISOString(), notAfter: validToDate.toISOString() };
  } catch {
    return { error: 'not a certificate' };
  }
};

/** Replaces secrets at any depth: by the name of the member, and by the name that a `value` goes with. */
const redact = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  const named = value as { readonly name?: unknown; readonly value?: unknown };
  const holdsSecret = typeof named.name === 'string' && typeof named.value === 'string' && isSecretName(named.name);
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => {
      if ((holdsSecret && member === 'value') || SECRET_MEMBER.test(member)) return [member, REDACTED];
      return [member, redact(inner)];
    }),
  );
};

const isSecretName = (name: string): boolean => SECRET_FIELDS.has(name) || isSecret(name) || SECRET_MEMBER.test(name);
