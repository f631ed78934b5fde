import * as z from 'zod';
import { authoritiesEntry, entryName, isBase64, maxEntriesBytes } from './schema/entry.ts';
import { defineKind, type Kind, type ResourceWith } from './schema/kind.ts';
import { rule } from './schema/rule.ts';
import { cautionsAboutAuthorities, examineCertificates, examineKeyPair } from './tls-key-pair.ts';

const fields = {
  type: z
    .string()
    .min(1)
    .max(253)
    .default('Opaque')
    .describe(
      'What the entries are for; kubernetes.io/tls has tls.crt and tls.key. Of any type, ca.crt has certificates of authorities, in PEM.',
    ),
  data: z.record(entryName(), z.string()).default({}).describe('Entries, base64.'),
  stringData: z
    .record(entryName(), z.string())
    .default({})
    .describe('Entries as plain text; they win over those of `data`.'),
  immutable: z.boolean().optional().describe('Whether the Kubernetes API refuses changes.'),
};

type SecretFields = z.output<z.ZodObject<typeof fields>>;

const entriesAreBase64 = rule<SecretFields>(['data'], function* ({ data }) {
  for (const [name, value] of Object.entries(data)) {
    if (!isBase64(value))
      yield { path: ['data', name], message: 'not base64', expected: 'base64 (plain text goes to stringData)' };
  }
});

const sizeIsBounded = rule<SecretFields>(['data', 'stringData'], function* ({ data, stringData }) {
  const values = [...Object.values(data), ...Object.values(stringData)];
  const size = values.reduce((sum, value) => sum + value.length, 0);
  if (size > maxEntriesBytes * 2)
    yield { path: [], message: 'holds too much', expected: `at most ${maxEntriesBytes} bytes` };
});

const keyPairIsUsable = rule<SecretFields>(['type', 'data', 'stringData'], function* (secret) {
  if (secret.type !== 'kubernetes.io/tls') return;
  const certificate = entryOf(secret, 'tls.crt');
  const key = entryOf(secret, 'tls.key');
  for (const [name, entry] of [
    ['tls.crt', certificate],
    ['tls.key', key],
  ] as const) {
    if (entry === undefined) {
      yield {
        path: ['data', name],
        message: 'required field is missing',
        expected: 'PEM in base64 (a secret of type kubernetes.io/tls has tls.crt and tls.key)',
      };
    }
  }
  if (certificate?.text !== undefined && key?.text !== undefined) {
    for (const { part, message, expected } of examineKeyPair(certificate.text, key.text)) {
      yield { path: part === 'certificate' ? certificate.path : key.path, message, expected };
    }
  }
});

/** Of any type: what refers to a secret for its authorities asks for this entry only. */
const authoritiesAreCertificates = rule<SecretFields>(['data', 'stringData'], function* (secret) {
  const authorities = entryOf(secret, authoritiesEntry);
  // Tools write an empty entry where the authority is unknown.
  if (authorities?.text === undefined || authorities.text.trim() === '') return;
  for (const { message, expected } of examineCertificates(authorities.text))
    yield { path: authorities.path, message, expected };
});

interface Entry {
  readonly path: readonly string[];
  /** Undefined where it cannot be decoded. */
  readonly text: string | undefined;
}

function entryOf({ data, stringData }: SecretFields, name: string): Entry | undefined {
  const plain = stringData[name];
  if (plain !== undefined) return { path: ['stringData', name], text: plain };
  const encoded = data[name];
  if (encoded === undefined) return undefined;
  // What is not base64 was objected to already.
  if (!isBase64(encoded)) return { path: ['data', name], text: undefined };
  return { path: ['data', name], text: Buffer.from(encoded, 'base64').toString('latin1') };
}

const { stringData: _, ...modelFields } = fields;

/** Something confidential: certificates with keys, passwords, tokens. `data` holds every entry, base64. */
export type Secret = ResourceWith<'Secret', 'v1', typeof modelFields>;

export const secretKind: Kind<Secret> = defineKind({
  name: 'Secret',
  description: 'Something confidential: certificates with keys, passwords, tokens.',
  apiVersions: ['v1'],
  confidential: true,
  fields,
  rules: [entriesAreBase64, sizeIsBounded, keyPairIsUsable, authoritiesAreCertificates],
  complete: ({ data, stringData, ...rest }) => {
    const encoded = Object.entries(stringData).map(([name, text]) => [
      name,
      Buffer.from(text, 'utf8').toString('base64'),
    ]);
    return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
  },
  *cautionsOf(secret) {
    const authorities = secretEntry(secret, authoritiesEntry)?.toString('latin1') ?? '';
    for (const caution of cautionsAboutAuthorities(authorities)) yield { path: ['data', authoritiesEntry], ...caution };
  },
});

/**
 * Reads an entry of a secret.
 *
 * @returns the bytes, or undefined where the secret has no such entry
 */
export function secretEntry(secret: Secret, name: string): Buffer | undefined {
  const encoded = Object.hasOwn(secret.data, name) ? secret.data[name] : undefined;
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}
