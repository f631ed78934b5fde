import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubjectAltNames } from './subject-alt-names.ts';

test('parseSubjectAltNames takes names of all types apart', () => {
  assert.deepEqual(parseSubjectAltNames('DNS:a.example, DNS:*.b.example, URI:spiffe://c/ns/d, IP Address:10.0.0.1'), [
    { type: 'DNS', value: 'a.example' },
    { type: 'DNS', value: '*.b.example' },
    { type: 'URI', value: 'spiffe://c/ns/d' },
    { type: 'IP Address', value: '10.0.0.1' },
  ]);
  assert.deepEqual(parseSubjectAltNames(undefined), []);
});

test('parseSubjectAltNames finds one name where a value pretends to be two (CVE-2021-44532)', () => {
  assert.deepEqual(parseSubjectAltNames('DNS:"a.example, DNS:bank.example", URI:"x:\\"y\\""'), [
    { type: 'DNS', value: 'a.example, DNS:bank.example' },
    { type: 'URI', value: 'x:"y"' },
  ]);
});

test('parseSubjectAltNames stops where the text is of no known form', () => {
  assert.deepEqual(parseSubjectAltNames('DNS:a.example, DNS:"b'), [{ type: 'DNS', value: 'a.example' }]);
});
