import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ACCESS_LOG_FIELDS } from './access-log-fields.ts';
import { AccessLogLine } from './access-log-line.ts';
import { ISTIO_BUCKETS, ISTIO_LABELS, ISTIO_TCP_LABELS, METRIC_TABLE, type MetricEntry } from './metric-table.ts';
import { sampleRecord } from './sample-record.ts';
import { SECRET_PARAMETERS } from './secret-query.ts';

/** Compares the generated parts of a document with what they are to be; with UPDATE_DOCS=1 writes them first. */
const assertGenerated = (name: string, parts: readonly string[]): string => {
  const file = new URL(`../../docs/${name}`, import.meta.url);
  let at = 0;
  const text = readFileSync(file, 'utf8').replace(
    /(<!-- generated .* -->\n)[^]*?(<!-- end -->)/g,
    (_, open: string, end: string) => `${open}${parts[at++]}\n${end}`,
  );
  assert.equal(at, parts.length);
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(file, text);
  assert.equal(readFileSync(file, 'utf8'), text, 'run again with UPDATE_DOCS=1');
  return text;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const code = (text: string): string => `\`${text}\``;

const labelsCell = (labels: readonly string[]): string =>
  labels === ISTIO_LABELS
    ? "Istio's, below"
    : labels === ISTIO_TCP_LABELS
      ? "Istio's for TCP, below"
      : labels.map(code).join(', ');

test('docs/metrics.md is equal to METRIC_TABLE', () => {
  const rows = Object.entries(METRIC_TABLE).map(([name, entry]: [string, MetricEntry]) => [
    code(name),
    entry.type,
    entry.unit,
    labelsCell(entry.labels),
    entry.help,
  ]);
  const labels =
    `Istio's labels: ${ISTIO_LABELS.map(code).join(', ')}.\n\n` +
    `Istio's labels for TCP: ${ISTIO_TCP_LABELS.map(code).join(', ')}.`;
  const text = assertGenerated('metrics.md', [
    `${table(['name', 'type', 'unit', 'labels', 'what'], rows)}\n\n${labels}`,
  ]);
  const buckets = /which are Envoy's: ([^]*?) ms or bytes/.exec(text)?.[1];
  assert.deepEqual(buckets?.split(/,\s+| and /).map(Number), ISTIO_BUCKETS);
});

test('docs/access-log.md is equal to ACCESS_LOG_FIELDS and SECRET_PARAMETERS', () => {
  const rows = ACCESS_LOG_FIELDS.map((field) => [code(field.name), field.type, field.when, field.meaning]);
  const text = assertGenerated('access-log.md', [
    table(['field', 'type', 'there', 'what'], rows),
    `${SECRET_PARAMETERS.map(code).join(', ')}.`,
  ]);
  const example = /```json\n(.*\n)```/.exec(text)?.[1];
  const line = new AccessLogLine(
    () => Date.UTC(2026, 2, 1, 12),
    () => 1000,
  );
  assert.equal(example, line.format(sampleRecord()));
});
