import * as z from 'zod';
import { hostname, preciseHostname } from '../schema/field.ts';
import { rule } from '../schema/rule.ts';
import { settingsMatchType, type Tagged } from '../schema/tagged.ts';

/*
 * What the declarations of TLS towards a backend have in common: a backend's certificate is always verified, and
 * nothing declared here can turn that off.
 */

const uriPattern = /^(([^:/?#]+):)(\/\/([^/?#]*))([^?#]*)(\?([^#]*))?(#(.*))?/;

const nameFields = { Hostname: 'hostname', URI: 'uri' } as const;

const declaredName = z
  .strictObject({
    type: z.enum(['Hostname', 'URI']).describe('Which kind of name.'),
    hostname: hostname().optional().describe('Host name, or a pattern as in *.example.com; for Hostname.'),
    uri: z
      .string()
      .min(1)
      .max(253)
      .regex(uriPattern, 'a URI with scheme and authority, as in spiffe://example.org/ns/shop/sa/cart')
      .optional()
      .describe('URI, such as a SPIFFE id; for URI.'),
  })
  .check(settingsMatchType(nameFields, 'type', 'a name'));

const name = declaredName as unknown as z.ZodType<Tagged<z.output<typeof declaredName>, typeof nameFields>>;

/** What the certificate of a backend must be for. */
export const verifiedNames = {
  hostname: preciseHostname().describe(
    'Server name (SNI) that is asked for, and the name that the certificate must be for unless subjectAltNames are given.',
  ),
  subjectAltNames: z
    .array(name)
    .max(5)
    .default([])
    .describe('Names of which the certificate must have at least one; with any, `hostname` is only asked for.'),
};

interface Authorities {
  readonly caCertificateRefs: readonly unknown[];
  readonly wellKnownCACertificates?: string | undefined;
}

/** Declared authorities and well-known ones exclude each other. */
export const authoritiesFromOnePlace = rule<Authorities>(
  ['caCertificateRefs', 'wellKnownCACertificates'],
  function* ({ caCertificateRefs, wellKnownCACertificates }) {
    if (caCertificateRefs.length > 0 && wellKnownCACertificates !== undefined) {
      const message = 'must not be given together with caCertificateRefs';
      yield { path: ['wellKnownCACertificates'], message, expected: 'one of the two' };
    }
  },
);
