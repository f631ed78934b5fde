import * as z from 'zod';
import { authoritiesFromOnePlace, verifiedNames } from './policy/backend-verification.ts';
import { targetsTellApart } from './policy/target-ref.ts';
import { group, kindName, limitedMap, objectName, sectionName } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { rule } from './schema/rule.ts';
import { quote } from './schema/wording.ts';

const targetRef = z.strictObject({
  group: group().describe('API group: empty for Service, selvage.dev for Backend.'),
  kind: kindName().describe('Service or Backend.'),
  name: objectName().describe('Name of the target, in the namespace of the policy.'),
  sectionName: sectionName().optional().describe('Name of a port of the Service; absent: all ports.'),
});

const caCertificateRef = z.strictObject({
  group: group().describe('API group of the referent: empty.'),
  kind: kindName().describe('ConfigMap or Secret.'),
  name: objectName().describe('Name of the referent, in the namespace of the policy.'),
});

const validation = z
  .strictObject({
    ...verifiedNames,
    caCertificateRefs: z
      .array(caCertificateRef)
      .max(8)
      .default([])
      .describe('ConfigMaps or Secrets whose `ca.crt` has the authorities that the certificate must come from.'),
    wellKnownCACertificates: z
      .string()
      .min(1)
      .max(253)
      .regex(
        /^(System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$/,
        'System, or a domain-prefixed name',
      )
      .optional()
      .describe('System: the public authorities that the runtime trusts.'),
  })
  .check(
    authoritiesFromOnePlace,
    rule(['caCertificateRefs', 'wellKnownCACertificates'], function* ({ caCertificateRefs, wellKnownCACertificates }) {
      if (caCertificateRefs.length > 0 || wellKnownCACertificates !== undefined) return;
      const expected = 'caCertificateRefs with a ConfigMap, or wellKnownCACertificates: System';
      yield { path: [], message: 'says nothing about whom to trust', expected };
    }),
  );

const fields = {
  spec: z.strictObject({
    targetRefs: z.array(targetRef).min(1).max(16).check(targetsTellApart).describe('Backends that TLS is spoken to.'),
    validation: validation.describe("How a backend's certificate is verified."),
    options: limitedMap(z.string(), z.string().max(4096), 16)
      .default({})
      .describe('Implementation-specific settings; none are known.'),
  }),
};

/** That TLS is spoken to a Service, and how the certificate that it shows is verified. */
export type BackendTLSPolicy = ResourceWith<'BackendTLSPolicy', 'gateway.networking.k8s.io/v1', typeof fields>;

const targetKinds: ReadonlySet<string> = new Set(['/Service', 'selvage.dev/Backend']);
const authorityKinds: ReadonlySet<string> = new Set(['/ConfigMap', '/Secret']);

export const backendTLSPolicyKind = defineKind({
  name: 'BackendTLSPolicy',
  description: 'That TLS is spoken to a Service, and how the certificate that it shows is verified.',
  apiVersions: ['gateway.networking.k8s.io/v1'],
  fields,
  *cautionsOf({ spec }) {
    for (const [i, target] of spec.targetRefs.entries()) {
      if (targetKinds.has(`${target.group}/${target.kind}`)) continue;
      const message = `has no effect on a ${target.kind} of group ${quote(target.group)}`;
      const expected = 'a Service of group "", or a Backend of group selvage.dev';
      yield { path: ['spec', 'targetRefs', i, 'kind'], message, expected };
    }
    const { caCertificateRefs, wellKnownCACertificates } = spec.validation;
    for (const [i, ref] of caCertificateRefs.entries()) {
      if (authorityKinds.has(`${ref.group}/${ref.kind}`)) continue;
      const message = `nothing can be verified with a ${ref.kind} of group ${quote(ref.group)}`;
      const path = ['spec', 'validation', 'caCertificateRefs', i, 'kind'];
      yield { path, message, expected: 'a ConfigMap or a Secret of group ""' };
    }
    if (wellKnownCACertificates !== undefined && wellKnownCACertificates !== 'System') {
      const message = `nothing can be verified: ${quote(wellKnownCACertificates)} is not known`;
      yield { path: ['spec', 'validation', 'wellKnownCACertificates'], message, expected: 'System' };
    }
    for (const key of Object.keys(spec.options))
      yield { path: ['spec', 'options', key], message: 'has no effect: no option is known', expected: 'no options' };
  },
});
