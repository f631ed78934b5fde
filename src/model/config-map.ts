import * as z from 'zod';
import { authoritiesEntry, entryName, isBase64, maxEntriesBytes } from './schema/entry.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { rule } from './schema/rule.ts';
import { cautionsAboutAuthorities, examineCertificates } from './tls-key-pair.ts';

const fields = {
  data: z
    .record(entryName(), z.string())
    .default({})
    .describe('Entries as text; `ca.crt` has certificates of authorities, in PEM.'),
  binaryData: z.record(entryName(), z.string()).default({}).describe('Entries that are no text, base64.'),
  immutable: z.boolean().optional().describe('Whether the Kubernetes API refuses changes.'),
};

type ConfigMapFields = z.output<z.ZodObject<typeof fields>>;

const binaryIsBase64 = rule<ConfigMapFields>(['binaryData'], function* ({ binaryData }) {
  for (const [name, value] of Object.entries(binaryData)) {
    if (!isBase64(value))
      yield { path: ['binaryData', name], message: 'not base64', expected: 'base64 (text goes to data)' };
  }
});

const namesAreUnique = rule<ConfigMapFields>(['data', 'binaryData'], function* ({ data, binaryData }) {
  for (const name of Object.keys(binaryData)) {
    if (!Object.hasOwn(data, name)) continue;
    yield { path: ['binaryData', name], message: 'is also in data', expected: 'each entry in one of the two' };
  }
});

const sizeIsBounded = rule<ConfigMapFields>(['data', 'binaryData'], function* ({ data, binaryData }) {
  const texts = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const size = Object.values(binaryData).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), texts);
  if (size > maxEntriesBytes)
    yield { path: [], message: `holds ${size} bytes`, expected: `at most ${maxEntriesBytes} bytes` };
});

const authoritiesAreCertificates = rule<ConfigMapFields>(['data', 'binaryData'], function* (map) {
  const entry = authoritiesIn(map);
  if (entry === undefined) return;
  for (const { message, expected } of examineCertificates(entry.pem)) yield { path: entry.path, message, expected };
});

/** Settings that are not confidential. Here they are the certificates of authorities that others refer to. */
export type ConfigMap = ResourceWith<'ConfigMap', 'v1', typeof fields>;

export const configMapKind = defineKind({
  name: 'ConfigMap',
  description: 'Settings that are not confidential: here, certificates of authorities that other resources refer to.',
  apiVersions: ['v1'],
  fields,
  rules: [binaryIsBase64, namesAreUnique, sizeIsBounded, authoritiesAreCertificates],
  *cautionsOf(map) {
    const entry = authoritiesIn(map);
    if (entry === undefined) return;
    for (const caution of cautionsAboutAuthorities(entry.pem)) yield { path: entry.path, ...caution };
  },
});

interface Entries {
  readonly data: Readonly<Record<string, string>>;
  readonly binaryData: Readonly<Record<string, string>>;
}

/** Tools write an empty entry where the authorities are not known yet. */
function authoritiesIn({ data, binaryData }: Entries) {
  const text = Object.hasOwn(data, authoritiesEntry) ? data[authoritiesEntry] : undefined;
  const encoded = Object.hasOwn(binaryData, authoritiesEntry) ? binaryData[authoritiesEntry] : undefined;
  const path = [text === undefined ? 'binaryData' : 'data', authoritiesEntry];
  const pem = text ?? (encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('latin1'));
  return pem.trim() === '' ? undefined : { path, pem };
}

/**
 * Reads an entry of a ConfigMap.
 *
 * @returns the bytes, or undefined where there is no such entry
 */
export function configMapEntry({ data, binaryData }: ConfigMap, name: string): Buffer | undefined {
  if (Object.hasOwn(data, name)) return Buffer.from(data[name]!, 'utf8');
  return Object.hasOwn(binaryData, name) ? Buffer.from(binaryData[name]!, 'base64') : undefined;
}
