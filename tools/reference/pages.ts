import { durationPattern } from '#model/duration.ts';
import { dnsLabelPattern, dnsSubdomainPattern } from '#model/schema/field.ts';
import { describeKinds, type KindReference } from '#model/schema-reference.ts';
import { fieldRows, type PatternNames, type Schema } from './field-rows.ts';

const PATTERNS: PatternNames = new Map([
  [durationPattern.source, 'a duration such as `500ms` or `1h30m`'],
  [dnsLabelPattern.source, 'a DNS label'],
  [dnsSubdomainPattern.source, 'a DNS name'],
]);

const NOTE = '<!-- Made from the schemas: UPDATE_DOCS=1 npm test -- tools/reference writes it. -->';

/** @returns all pages of the reference, by file name */
export function referencePages(): Map<string, string> {
  const references = describeKinds();
  return new Map([
    ['README.md', indexPage(references)],
    ...references.map((reference): [string, string] => [fileOf(reference), kindPage(reference)]),
  ]);
}

function fileOf({ kind }: KindReference): string {
  return `${kind.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()}.md`;
}

function indexPage(references: readonly KindReference[]): string {
  const [first] = references;
  if (first === undefined) throw new Error('cannot write the reference: there are no kinds');
  const metadata = (first.jsonSchema as Schema).properties?.['metadata'] ?? {};
  return page([
    '# Reference of all kinds',
    NOTE,
    'What documents may declare. An unknown field is an error; rules over several fields are told by `selvage validate`.',
    table(
      ['kind', 'apiVersion', 'what for'],
      references.map((reference) => [
        `[${reference.kind}](${fileOf(reference)})`,
        reference.apiVersions.map(code).join(' '),
        descriptionOf(reference),
      ]),
    ),
    '## Fields of every object',
    'Kinds of scope Cluster have no namespace.',
    fieldTable({ properties: { metadata: { ...metadata, description: 'What every object has.' } } }),
    'Fields that objects exported from Kubernetes carry beside these (`status`, `managedFields` and the like) are ignored.',
  ]);
}

function kindPage(reference: KindReference): string {
  const { kind, apiVersions, scope, jsonSchema } = reference;
  const { properties = {}, ...schema } = jsonSchema as Schema;
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...own } = properties;
  const fields = fieldTable({ ...schema, properties: own });
  return page([
    `# ${kind}`,
    NOTE,
    descriptionOf(reference),
    `apiVersion ${apiVersions.map(code).join(' or ')}; scope ${scope}. [All kinds and \`metadata\`](README.md).`,
    fields,
  ]);
}

function descriptionOf({ jsonSchema }: KindReference): string {
  return (jsonSchema as Schema).description ?? '';
}

function fieldTable(schema: Schema): string {
  const rows = fieldRows(schema, PATTERNS);
  if (rows.length === 0) return 'It has no fields of its own.';
  return table(
    ['field', 'type', 'limits', 'default', 'description'],
    rows.map(({ path, isRequired, type, limits, defaultValue, description }) => [
      isRequired ? `${code(path)} (required)` : code(path),
      type,
      limits,
      defaultValue === '' ? '' : code(defaultValue),
      description,
    ]),
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}
