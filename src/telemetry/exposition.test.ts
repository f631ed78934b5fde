import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPEN_METRICS_FORMAT, TEXT_FORMAT, chooseFormat, encodeMetrics } from './exposition.ts';
import { MetricRegistry } from './metric-registry.ts';
import type { MetricSnapshot } from './metric-snapshot.ts';
import { METRIC_TABLE } from './metric-table.ts';
import { RequestMetrics } from './request-metrics.ts';
import { sampleRecord } from './sample-record.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A strict reader of the text format, written from its description alone. */
const parse = (text: string): { samples: Sample[]; types: Record<string, string> } => {
  assert.ok(text.endsWith('\n'));
  const samples: Sample[] = [];
  const types: Record<string, string> = {};
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE|UNIT) ([a-z_]+) (.+)$/.exec(line);
    if (comment !== null) {
      if (comment[1] === 'TYPE') types[comment[2]!] = comment[3]!;
      continue;
    }
    if (line === '# EOF') continue;
    const match = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)$/.exec(line);
    assert.ok(match, `malformed: ${line}`);
    const labels: Record<string, string> = {};
    for (const [, name, value] of (match[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name!] = value!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    }
    samples.push({ name: match[1]!, labels, value: Number(match[3]!.replace('Inf', 'Infinity')) });
  }
  return { samples, types };
};

const requestSnapshot = (): MetricSnapshot => {
  const metrics = new RequestMetrics();
  for (const endedAt of [1000.2, 1003, 1003.5, 1_000_000_000]) metrics.record(sampleRecord({ endedAt }));
  return metrics.collect();
};

test('encodeMetrics gives what a reader reads back', () => {
  const { samples, types } = parse(encodeMetrics(requestSnapshot(), TEXT_FORMAT));
  assert.equal(types['istio_requests_total'], 'counter');
  const total = samples.find((one) => one.name === 'istio_requests_total')!;
  assert.equal(total.value, 4);
  assert.equal(total.labels['destination_service'], 'cart.shop.svc.cluster.local');
  const buckets = samples.filter((one) => one.name === 'istio_request_duration_milliseconds_bucket');
  assert.deepEqual(
    buckets
      .map((one) => [one.labels['le'], one.value])
      .filter(([le]) => ['0.5', '1', '5', '3600000', '+Inf'].includes(le as string)),
    [
      ['0.5', 1],
      ['1', 1],
      ['5', 3],
      ['3600000', 3],
      ['+Inf', 4],
    ],
  );
  const count = samples.find((one) => one.name === 'istio_request_duration_milliseconds_count')!;
  assert.equal(count.value, 4);
});

test('encodeMetrics escapes label values so that they are read back as they were', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', 'a', ',', '}', 'é') }), (version) => {
      const registry = new MetricRegistry();
      registry.watch('selvage_config_info', () => [{ labels: [version], value: 1 }]);
      const [sample] = parse(encodeMetrics(registry.collect(), TEXT_FORMAT)).samples;
      assert.deepEqual(sample, { name: 'selvage_config_info', labels: { version }, value: 1 });
    }),
  );
});

test('encodeMetrics follows OpenMetrics where it differs: families of counters, units, bounds, end', () => {
  const text = encodeMetrics(requestSnapshot(), OPEN_METRICS_FORMAT);
  const { samples, types } = parse(text);
  assert.equal(types['istio_requests'], 'counter');
  assert.ok(samples.some((one) => one.name === 'istio_requests_total'));
  assert.ok(samples.some((one) => one.labels['le'] === '10.0'));
  assert.match(text, /^# UNIT istio_request_bytes bytes$/m);
  assert.ok(text.endsWith('\n# EOF\n'));
});

test('chooseFormat gives OpenMetrics to those who ask for it and do not prefer text', () => {
  const cases: readonly (readonly [accept: string | undefined, isOpenMetrics: boolean])[] = [
    [undefined, false],
    ['*/*', false],
    ['text/plain', false],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', true],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.8', false],
    ['application/openmetrics-text;q=0', false],
    ['APPLICATION/OpenMetrics-Text ; q=x', false],
  ];
  for (const [accept, isOpenMetrics] of cases)
    assert.equal(chooseFormat(accept).isOpenMetrics, isOpenMetrics, String(accept));
});

test('METRIC_TABLE names counters and units as OpenMetrics wants them', () => {
  for (const [name, entry] of Object.entries(METRIC_TABLE)) {
    assert.equal(name.endsWith('_total'), entry.type === 'counter', name);
    if (entry.unit !== '') assert.match(name.replace(/_total$/, ''), new RegExp(`_${entry.unit}$`), name);
    assert.doesNotMatch(entry.help, /[.\n]$/, name);
  }
});
