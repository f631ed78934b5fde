import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authorityCertificates } from './authority-certificates.ts';
import { configMapEntry } from './config-map.ts';
import { accepted, assertOneError, warningsIn } from './testing/declared.ts';
import { authorityCertificate, leafCertificate, leafKey } from './testing/key-pair.ts';

const configMap = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca' }, ...fields });
const withAuthorities = (pem: string) => configMap({ data: { 'ca.crt': pem } });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('ConfigMap that is right', () => {
  test('may be empty, and may hold anything', () => {
    assert.deepEqual(accepted('ConfigMap', configMap({})).data, {});
    const exported = configMap({
      data: { 'app.properties': 'a=b\n', KEY_1: '', '.hidden': 'ü' },
      binaryData: { logo: base64('\0\x01') },
      immutable: true,
    });
    assert.deepEqual(warningsIn(exported), []);
    const declared = accepted('ConfigMap', exported);
    assert.equal(configMapEntry(declared, '.hidden')?.toString(), 'ü');
    assert.deepEqual(configMapEntry(declared, 'logo'), Buffer.from([0, 1]));
    assert.equal(configMapEntry(declared, 'toString'), undefined);
    assert.equal(authorityCertificates(declared), undefined);
  });

  test('holds certificates of authorities with notes between them', () => {
    const bundle = `# test-authority\n${authorityCertificate}\n# again\n${authorityCertificate}`;
    assert.deepEqual(warningsIn(withAuthorities(bundle)), []);
    const certificates = authorityCertificates(accepted('ConfigMap', withAuthorities(bundle)));
    assert.deepEqual(certificates, [authorityCertificate.trim(), authorityCertificate.trim()]);
  });

  test('may hold them as binary data', () => {
    const declared = accepted('ConfigMap', configMap({ binaryData: { 'ca.crt': base64(authorityCertificate) } }));
    assert.deepEqual(authorityCertificates(declared), [authorityCertificate.trim()]);
  });

  test('may be there before its authorities are', () => {
    assert.equal(authorityCertificates(accepted('ConfigMap', withAuthorities('\n'))), undefined);
  });

  test('is loaded with a warning where a certificate is not an authority', () => {
    assert.deepEqual(warningsIn(withAuthorities(authorityCertificate + leafCertificate)), [
      'data["ca.crt"]: certificate 2 is not an authority\'s: nothing that it signed is valid; expected certificates with the basic constraint CA:TRUE (RFC 5280 §4.2.1.9)',
    ]);
  });
});

describe('ConfigMap with one fault', () => {
  const cut = authorityCertificate.slice(0, 200);
  const cases: [string, object, string, RegExp][] = [
    ['a number as entry', configMap({ data: { port: 80 } }), 'data.port', /put it in quotes/],
    ['a name with a space', configMap({ data: { 'a b': '' } }), 'data["a b"]', /malformed key "a b"/],
    ['binary data that is not base64', configMap({ binaryData: { a: '?' } }), 'binaryData.a', /not base64/],
    [
      'an entry in two places',
      configMap({ data: { a: '' }, binaryData: { a: '' } }),
      'binaryData.a',
      /is also in data/,
    ],
    [
      'more than a mebibyte',
      configMap({ data: { a: 'ü'.repeat(524_289) } }),
      '',
      /holds 1048578 bytes; expected at most 1048576/,
    ],
    [
      'authorities without PEM',
      withAuthorities('MIIB'),
      'data["ca.crt"]',
      /holds no PEM block; expected PEM that starts with/,
    ],
    ['authorities cut short', withAuthorities(cut), 'data["ca.crt"]', /holds no complete PEM block/],
    [
      'one of two authorities cut short',
      withAuthorities(`${authorityCertificate}${cut}`),
      'data["ca.crt"]',
      /holds a PEM block that is not complete/,
    ],
    [
      'a key among authorities',
      withAuthorities(authorityCertificate + leafKey),
      'data["ca.crt"]',
      /PEM block 2 is a PRIVATE KEY/,
    ],
    [
      'an authority that is garbled',
      withAuthorities(authorityCertificate.replace('MIIB', 'AAAA')),
      'data["ca.crt"]',
      /PEM block 1 cannot be read as an X.509 certificate/,
    ],
    [
      'authorities in DER',
      configMap({ binaryData: { 'ca.crt': base64('0\x82\x01') } }),
      'binaryData["ca.crt"]',
      /holds no PEM block/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});
