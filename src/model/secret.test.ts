import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { authorityCertificates } from './authority-certificates.ts';
import { formatDiagnostic } from './diagnostic.ts';
import { parseDocuments } from './documents.ts';
import { secretEntry } from './secret.ts';
import { accepted, assertOneError, warningsIn } from './testing/declared.ts';
import { authorityCertificate, leafCertificate, leafKey } from './testing/key-pair.ts';

const secret = (fields: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cert', namespace: 'shop' },
  ...fields,
});
const tls = (certificate: string, key: string, more: object = {}) =>
  secret({ type: 'kubernetes.io/tls', stringData: { 'tls.crt': certificate, 'tls.key': key, ...more } });
const base64 = (text: string) => Buffer.from(text).toString('base64');

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const encryptedKey = createPrivateKey(leafKey).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'test',
});

describe('Secret that is right', () => {
  test('is Opaque unless it says otherwise', () => {
    assert.equal(accepted('Secret', secret({})).type, 'Opaque');
  });

  test('folds stringData into data, where it wins', () => {
    const declared = accepted('Secret', secret({ data: { a: base64('1'), b: base64('2') }, stringData: { b: '3' } }));
    assert.deepEqual(declared.data, { a: base64('1'), b: base64('3') });
    assert.equal('stringData' in declared, false);
    assert.equal(secretEntry(declared, 'b')?.toString(), '3');
    assert.equal(secretEntry(declared, 'toString'), undefined);
  });

  test('may break base64 over lines', () => {
    accepted('Secret', secret({ data: { a: 'aGVs\nbG8=\n' } }));
  });

  test('holds a certificate with its key, plain or in base64, and a chain', () => {
    accepted('Secret', tls(leafCertificate, leafKey));
    accepted('Secret', tls(leafCertificate + authorityCertificate, leafKey, { 'ca.crt': authorityCertificate }));
    accepted(
      'Secret',
      secret({ type: 'kubernetes.io/tls', data: { 'tls.crt': base64(leafCertificate), 'tls.key': base64(leafKey) } }),
    );
    accepted('Secret', tls(leafCertificate, leafKey, { 'ca.crt': '' }));
  });

  test('holds a key in the older form for elliptic curves', () => {
    accepted('Secret', tls(leafCertificate, createPrivateKey(leafKey).export({ type: 'sec1', format: 'pem' })));
  });

  test('loses the copy of itself that kubectl leaves in an annotation', () => {
    const metadata = {
      name: 'a',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'x' },
    };
    assert.deepEqual(accepted('Secret', secret({ metadata })).metadata.annotations, { note: 'x' });
  });
});

describe('Secret with authorities', () => {
  for (const type of ['Opaque', 'kubernetes.io/service-account-token', 'example.com/ca']) {
    test(`of type ${type} gives their certificates`, () => {
      const declared = accepted('Secret', secret({ type, stringData: { 'ca.crt': `\n${authorityCertificate}` } }));
      assert.deepEqual(authorityCertificates(declared), [authorityCertificate.trim()]);
    });
    test(`of type ${type} is refused where they are no certificates`, () => {
      assertOneError(secret({ type, stringData: { 'ca.crt': 'x' } }), 'stringData["ca.crt"]', /holds no PEM block/);
      assertOneError(secret({ type, data: { 'ca.crt': base64(leafKey) } }), 'data["ca.crt"]', /is a PRIVATE KEY/);
    });
  }

  test('has none where the entry is empty or not there', () => {
    assert.equal(authorityCertificates(accepted('Secret', secret({ stringData: { 'ca.crt': '' } }))), undefined);
    assert.equal(authorityCertificates(accepted('Secret', tls(leafCertificate, leafKey))), undefined);
  });

  test('is loaded with a warning where one is not an authority', () => {
    const warnings = warningsIn(secret({ stringData: { 'ca.crt': leafCertificate } }));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^data\["ca.crt"\]: certificate 1 is not an authority's/);
  });
});

describe('Secret with one fault', () => {
  const broken = leafCertificate.replace('MIIB', 'AAAA');
  const cases: [string, object, string, RegExp][] = [
    ['an entry that is not base64', secret({ data: { a: 'hunter2' } }), 'data.a', /not base64/],
    ['an entry that is a number', secret({ stringData: { pin: 1234 } }), 'stringData.pin', /found a number; .*quotes/],
    ['an entry that is empty', secret({ stringData: { pin: null } }), 'stringData.pin', /found nothing/],
    [
      'an entry whose name has a space',
      secret({ stringData: { 'my pin': 'x' } }),
      'stringData',
      /malformed entry name/,
    ],
    [
      'a certificate without key',
      secret({ type: 'kubernetes.io/tls', stringData: { 'tls.crt': leafCertificate } }),
      'data["tls.key"]',
      /required/,
    ],
    [
      'a key without certificate',
      secret({ type: 'kubernetes.io/tls', stringData: { 'tls.key': leafKey } }),
      'data["tls.crt"]',
      /required/,
    ],
    [
      'the key of another certificate',
      tls(leafCertificate, otherKey),
      'stringData["tls.key"]',
      /does not match the certificate/,
    ],
    [
      'a chain in the wrong order',
      tls(authorityCertificate + leafCertificate, leafKey),
      'stringData["tls.crt"]',
      /certificate 2 of the chain/,
    ],
    ['an encrypted key', tls(leafCertificate, encryptedKey), 'stringData["tls.key"]', /is encrypted/],
    [
      'a certificate for a key',
      tls(leafCertificate, leafCertificate),
      'stringData["tls.key"]',
      /is a CERTIFICATE, not a private key/,
    ],
    ['a key for a certificate', tls(leafKey, leafKey), 'stringData["tls.crt"]', /is a PRIVATE KEY, not a certificate/],
    ['a certificate without PEM', tls('MIIB', leafKey), 'stringData["tls.crt"]', /holds no PEM block/],
    [
      'a certificate cut short',
      tls(leafCertificate.slice(0, 200), leafKey),
      'stringData["tls.crt"]',
      /no complete PEM block/,
    ],
    [
      'a certificate that is garbled',
      tls(broken, leafKey),
      'stringData["tls.crt"]',
      /cannot be read as an X.509 certificate/,
    ],
    ['a key without PEM', tls(leafCertificate, 'MIGH'), 'stringData["tls.key"]', /holds no PEM block/],
    [
      'a key that is garbled',
      tls(leafCertificate, leafKey.replace('MIGH', 'AAAA')),
      'stringData["tls.key"]',
      /cannot be read as a private key/,
    ],
    [
      'an authority that is no certificate',
      tls(leafCertificate, leafKey, { 'ca.crt': 'x' }),
      'stringData["ca.crt"]',
      /holds no PEM block/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

test('diagnostics show nothing of a Secret, whatever is wrong with it', () => {
  const documents = [
    'data: hunter2',
    'data: {a: hunter2, "b c": hunter2}',
    'data: [hunter2]',
    'stringData: {a: [hunter2], b: {hunter2: x}}',
    'stringData: {"hunter2 ": x, "hunter2/": y}',
    'type: [hunter2]',
    'type: kubernetes.io/tls\nstringData: {tls.crt: hunter2, tls.key: hunter2}',
    'type: kubernetes.io/tls\ndata: {tls.crt: aHVudGVyMg==, tls.key: aHVudGVyMg==}',
    'stringData: {ca.crt: hunter2}',
    'data: {ca.crt: aHVudGVyMg==}',
    'immutable: hunter2',
    'stringData:\n  a: "hunter2',
    'stringData:\n  a: hunter2: hunter2',
    'stringData:\n  a: |hunter2',
    'stringData:\n  a: "\\hunter2"',
    'stringData:\n  a: @hunter2',
    'stringData:\n  a: !hunter2 hunter2',
    'stringData:\n  a: %hunter2',
    'stringData:\n  a: *hunter2',
    'stringData:\n\ta: hunter2',
    'stringData: {a: hunter2]',
    'stringData:\n  a: x\n hunter2',
    '"hunter2',
    'stringData: {a: {hunter2: x, hunter2: y}}',
  ];
  for (const body of documents) {
    const text = `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${body}\n`;
    for (const variant of [
      text,
      text.replace('kind: Secret', 'kind: Secert'),
      `kind: List\nitems:\n- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`,
    ]) {
      const { resources, diagnostics } = parseDocuments('s.yaml', variant);
      assert.ok(diagnostics.length > 0, `something is wrong with ${body}`);
      assert.equal(
        resources.length,
        body.includes('!hunter2') && diagnostics.every(({ severity }) => severity === 'warning') ? 1 : 0,
      );
      assert.doesNotMatch(diagnostics.map(formatDiagnostic).join('\n'), /unter2|aHVudGVyMg/, body);
    }
  }
});
