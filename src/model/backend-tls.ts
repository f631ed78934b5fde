import * as z from 'zod';
import { authoritiesFromOnePlace, verifiedNames } from './policy/backend-verification.ts';
import { objectName, preciseHostname } from './schema/field.ts';
import type { DeepReadonly } from './schema/freeze.ts';
import { ipVersion } from './schema/ip-address.ts';
import { rule } from './schema/rule.ts';

const localRef = {
  group: z
    .string()
    .regex(/^$/, '"": the core group')
    .default('')
    .describe('API group of the referent: the core group.'),
  name: objectName().describe('Name of the referent, in the namespace of the backend.'),
};

const caCertificateRef = z.strictObject({
  ...localRef,
  kind: z.enum(['ConfigMap', 'Secret']).describe('ConfigMap or Secret.'),
});

const clientCertificateRef = z.strictObject({
  ...localRef,
  kind: z.literal('Secret').default('Secret').describe('Secret.'),
});

/** As in a BackendTLSPolicy; what cannot be said is that the certificate need not be verified. */
export const declaredTLS = z
  .strictObject({
    hostname: verifiedNames.hostname
      .optional()
      .describe(`${verifiedNames.hostname.description} Absent: the DNS name that all endpoints have as address.`),
    subjectAltNames: verifiedNames.subjectAltNames,
    caCertificateRefs: z
      .array(caCertificateRef)
      .max(8)
      .default([])
      .describe('ConfigMaps or Secrets whose `ca.crt` has the authorities that the certificate must come from.'),
    wellKnownCACertificates: z
      .enum(['System'])
      .optional()
      .describe('System: the public authorities that the runtime trusts; so too where there are no caCertificateRefs.'),
    clientCertificateRef: clientCertificateRef
      .optional()
      .describe('Secret of type kubernetes.io/tls with the certificate to show; absent: that of the Gateway, or none.'),
  })
  .check(authoritiesFromOnePlace);

/** What a Backend says about itself, as far as TLS is concerned. */
interface Declaration {
  readonly appProtocol?: string | undefined;
  readonly endpoints: readonly { readonly address: string }[];
  readonly tls?: DeepReadonly<z.output<typeof declaredTLS>> | undefined;
}

const encrypted: ReadonlySet<string> = new Set(['https', 'kubernetes.io/wss', 'tls']);
const plain: ReadonlySet<string> = new Set(['http', 'grpc', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'tcp']);

function isEncrypted({ appProtocol, tls }: Declaration): boolean {
  return appProtocol === undefined ? tls !== undefined : encrypted.has(appProtocol);
}

/** The name that all endpoints have as address, where it can be in a certificate and be asked for. */
function commonName(endpoints: readonly { readonly address: string }[]): string | undefined {
  const names = new Set(endpoints.map(({ address: text }) => text.toLowerCase().replace(/\.$/, '')));
  const [name] = names;
  if (names.size !== 1 || name === undefined || ipVersion(name) !== undefined) return undefined;
  return preciseHostname().safeParse(name).success ? name : undefined;
}

/** Makes sure that TLS is spoken where it is declared, and that somebody in particular is verified by it. */
export const tlsFitsTheRest = rule<Declaration>(
  ['appProtocol', 'tls.hostname', 'endpoints.*.address'],
  function* (spec) {
    const { appProtocol } = spec;
    if (spec.tls !== undefined && appProtocol !== undefined && plain.has(appProtocol)) {
      const message = `must not be given for appProtocol ${appProtocol}, which is spoken without TLS`;
      const expected = 'appProtocol https (HTTP/2 is agreed upon by ALPN), kubernetes.io/wss or tls';
      yield { path: ['tls'], message, expected };
    }
    // Whoever is reached must be told apart from everybody else with a valid certificate.
    if (isEncrypted(spec) && spec.tls?.hostname === undefined && commonName(spec.endpoints) === undefined) {
      const message = 'required where the endpoints do not all have the same DNS name as address';
      const instead = spec.tls === undefined ? ' (no appProtocol is needed where a BackendTLSPolicy says it)' : '';
      yield { path: ['tls', 'hostname'], message, expected: `the name that their certificate is for${instead}` };
    }
  },
);

/** How a backend's certificate is verified. */
export type BackendTLS = Omit<NonNullable<Declaration['tls']>, 'hostname'> & {
  /** Asked for as server name, and verified unless there are `subjectAltNames`. */
  readonly hostname: string;
};

/** Tells how TLS is spoken to what passed `tlsFitsTheRest`; undefined where none is. */
export function spokenTLS(declaration: Declaration): BackendTLS | undefined {
  if (!isEncrypted(declaration)) return undefined;
  const declared = declaration.tls ?? { caCertificateRefs: [], subjectAltNames: [] };
  return { ...declared, hostname: declared.hostname ?? commonName(declaration.endpoints)! };
}
