import * as z from 'zod';
import { group, kindName, limitedMap, namespaceName, objectName, port } from './schema/field.ts';
import { rule, unique } from './schema/rule.ts';
import { minVersionOption, tlsOptionsAreUsable } from './tls-options.ts';

const secretRef = () =>
  z.strictObject({
    group: group().default('').describe('API group of the referent.'),
    kind: kindName().default('Secret').describe('Kind of the referent.'),
    name: objectName().describe('Name of the referent.'),
    namespace: namespaceName()
      .optional()
      .describe('Namespace of the referent; another one than the own needs a ReferenceGrant.'),
  });

/** TLS of one listener. */
export const listenerTls = z
  .strictObject({
    mode: z
      .enum(['Terminate', 'Passthrough'])
      .default('Terminate')
      .describe('Terminate: the gateway decrypts. Passthrough: the bytes go on encrypted, routed by server name.'),
    certificateRefs: z
      .array(secretRef())
      .max(64)
      .default([])
      .describe('Secrets of type kubernetes.io/tls to choose from by server name.'),
    options: limitedMap(z.string(), z.string().max(4096), 16)
      .check(tlsOptionsAreUsable)
      .default({})
      .describe(`Further settings. ${minVersionOption}: lowest version of TLS, 1.2 or 1.3; absent: 1.2.`),
  })
  .check(
    rule(['mode', 'certificateRefs', 'options'], function* ({ mode, certificateRefs, options }) {
      if (mode === 'Terminate' && certificateRefs.length === 0 && Object.keys(options).length === 0) {
        yield {
          path: ['certificateRefs'],
          message: 'mode Terminate needs a certificate',
          expected: 'a reference to a Secret of type kubernetes.io/tls',
        };
      }
    }),
  );

const clientValidation = z.strictObject({
  validation: z
    .strictObject({
      caCertificateRefs: z
        .array(
          z.strictObject({
            group: group().describe('API group of the referent.'),
            kind: kindName().describe('Kind of the referent, as in ConfigMap or Secret.'),
            name: objectName().describe('Name of the referent.'),
            namespace: namespaceName()
              .optional()
              .describe('Namespace of the referent; another one than the own needs a ReferenceGrant.'),
          }),
        )
        .min(1)
        .max(16)
        .describe('Certificates of the authorities that client certificates must come from.'),
      mode: z
        .enum(['AllowValidOnly', 'AllowInsecureFallback'])
        .default('AllowValidOnly')
        .describe('AllowInsecureFallback lets clients in whose certificate is missing or not valid.'),
    })
    .optional()
    .describe('How client certificates are checked; absent: none is asked for.'),
});

const uniquePorts = unique<{ port: number }>(
  ['*.port'],
  ['port'],
  (entry) => String(entry.port),
  (entry) => `port ${entry.port}`,
);

/** TLS settings of a whole gateway. */
export const gatewayTls = z.strictObject({
  backend: z
    .strictObject({
      clientCertificateRef: secretRef()
        .optional()
        .describe('Secret with the certificate that the gateway shows to backends.'),
    })
    .optional()
    .describe('TLS towards backends.'),
  frontend: z
    .strictObject({
      default: clientValidation.describe('For every HTTPS listener whose port has no setting of its own.'),
      perPort: z
        .array(
          z.strictObject({
            port: port().describe('Port of the listeners that this is for.'),
            tls: clientValidation.describe('Setting in place of the default.'),
          }),
        )
        .max(64)
        .check(uniquePorts)
        .default([])
        .describe('Settings by port.'),
    })
    .optional()
    .describe('TLS towards clients.'),
});
