import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, errorsIn, warningsIn } from './testing/declared.ts';

const target = { group: '', kind: 'Service', name: 'cart' };
const authority = { group: '', kind: 'ConfigMap', name: 'ca' };
const policy = (spec: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'BackendTLSPolicy',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { targetRefs: [target], validation: { hostname: 'cart.example', caCertificateRefs: [authority] }, ...spec },
});
const withValidation = (validation: object) => policy({ validation: { hostname: 'cart.example', ...validation } });
const withName = (name: object) => withValidation({ caCertificateRefs: [authority], subjectAltNames: [name] });

describe('BackendTLSPolicy that is right', () => {
  test('gets the defaults of the standard', () => {
    assert.deepEqual(accepted('BackendTLSPolicy', policy({})).spec, {
      targetRefs: [target],
      validation: { hostname: 'cart.example', caCertificateRefs: [authority], subjectAltNames: [] },
      options: {},
    });
  });

  test('may use every field', () => {
    const declared = policy({
      targetRefs: [
        { ...target, sectionName: 'a' },
        { ...target, sectionName: 'b' },
        { group: 'selvage.dev', kind: 'Backend', name: 'cart' },
      ],
      validation: {
        hostname: 'cart.example',
        wellKnownCACertificates: 'System',
        caCertificateRefs: [],
        subjectAltNames: [
          { type: 'Hostname', hostname: '*.example' },
          { type: 'URI', uri: 'spiffe://example.org/ns/shop/sa/cart' },
        ],
      },
    });
    assert.deepEqual(warningsIn(declared), []);
  });
});

describe('BackendTLSPolicy with one fault', () => {
  const cases: [string, object, string, RegExp][] = [
    ['no target', policy({ targetRefs: [] }), 'spec.targetRefs', /at least 1 item/],
    [
      'a target without group',
      policy({ targetRefs: [{ kind: 'Service', name: 'a' }] }),
      'spec.targetRefs[0].group',
      /required field is missing/,
    ],
    ['a target twice', policy({ targetRefs: [target, target] }), 'spec.targetRefs[1]', /already referred to by item 0/],
    [
      'a section twice',
      policy({
        targetRefs: [
          { ...target, sectionName: 'a' },
          { ...target, sectionName: 'a' },
        ],
      }),
      'spec.targetRefs[1]',
      /a sectionName of its own/,
    ],
    [
      'a target with and without section',
      policy({ targetRefs: [target, { ...target, sectionName: 'a' }] }),
      'spec.targetRefs[0].sectionName',
      /required where several references name the same target "cart"/,
    ],
    ['no validation', policy({ validation: null }), 'spec.validation', /required field is missing/],
    [
      'no host name',
      policy({ validation: { caCertificateRefs: [authority] } }),
      'spec.validation.hostname',
      /required field is missing/,
    ],
    [
      'a host name with wildcard',
      withValidation({ hostname: '*.example', caCertificateRefs: [authority] }),
      'spec.validation.hostname',
      /without wildcard/,
    ],
    ['nobody to trust', withValidation({}), 'spec.validation', /says nothing about whom to trust/],
    ['an empty list of whom to trust', withValidation({ caCertificateRefs: [] }), 'spec.validation', /whom to trust/],
    [
      'authorities from two places',
      withValidation({ caCertificateRefs: [authority], wellKnownCACertificates: 'System' }),
      'spec.validation.wellKnownCACertificates',
      /must not be given together with caCertificateRefs/,
    ],
    [
      'authorities that cannot be',
      withValidation({ wellKnownCACertificates: 'Mozilla' }),
      'spec.validation.wellKnownCACertificates',
      /System, or a domain-prefixed name/,
    ],
    [
      'nine authorities',
      withValidation({ caCertificateRefs: Array.from({ length: 9 }, () => authority) }),
      'spec.validation.caCertificateRefs',
      /at most 8 items/,
    ],
    [
      'a name without its value',
      withName({ type: 'Hostname' }),
      'spec.validation.subjectAltNames[0].hostname',
      /required for type Hostname/,
    ],
    [
      'a URI without its value',
      withName({ type: 'URI' }),
      'spec.validation.subjectAltNames[0].uri',
      /required for type URI/,
    ],
    [
      'a URI beside a host name',
      withName({ type: 'Hostname', hostname: 'a', uri: 'a://b' }),
      'spec.validation.subjectAltNames[0].uri',
      /must not be given for type Hostname/,
    ],
    [
      'a host name beside a URI',
      withName({ type: 'URI', hostname: 'a', uri: 'a://b' }),
      'spec.validation.subjectAltNames[0].hostname',
      /must not be given for type URI/,
    ],
    [
      'a URI that is none',
      withName({ type: 'URI', uri: 'cart' }),
      'spec.validation.subjectAltNames[0].uri',
      /a URI with scheme and authority/,
    ],
    [
      'six names',
      withValidation({
        caCertificateRefs: [authority],
        subjectAltNames: Array.from({ length: 6 }, () => ({ type: 'Hostname', hostname: 'a' })),
      }),
      'spec.validation.subjectAltNames',
      /at most 5 items/,
    ],
    [
      '17 options',
      policy({ options: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`o${i}`, ''])) }),
      'spec.options',
      /at most 16 entries/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('BackendTLSPolicy is loaded with a warning', () => {
  const cases: [string, object, RegExp][] = [
    [
      'for a target that speaks no TLS',
      policy({ targetRefs: [{ group: '', kind: 'Pod', name: 'a' }] }),
      /^spec.targetRefs\[0\].kind: has no effect on a Pod/,
    ],
    [
      'for authorities of an unknown kind',
      withValidation({ caCertificateRefs: [{ ...authority, kind: 'Bundle' }] }),
      /^spec.validation.caCertificateRefs\[0\].kind: nothing can be verified with a Bundle/,
    ],
    [
      'for unknown authorities',
      withValidation({ wellKnownCACertificates: 'a.example/roots' }),
      /^spec.validation.wellKnownCACertificates: nothing can be verified: "a.example\/roots" is not known/,
    ],
    ['for an option', policy({ options: { 'a.example/b': 'c' } }), /^spec.options\["a.example\/b"\]: has no effect/],
  ];
  for (const [name, declared, warning] of cases) {
    test(name, () => {
      const warnings = warningsIn(declared);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, warning);
    });
  }
});

test('BackendTLSPolicy cannot turn verification off', () => {
  const errors = errorsIn(withValidation({ insecureSkipVerify: true, caCertificateRefs: [authority] }));
  assert.deepEqual(
    errors.map((error) => error.split(':')[0]),
    ['spec.validation.insecureSkipVerify'],
  );
});
