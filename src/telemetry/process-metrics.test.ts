import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { MetricRegistry } from './metric-registry.ts';
import type { MetricName } from './metric-table.ts';
import { watchEventLoop, watchProcess } from './process-metrics.ts';

const valueOf = (registry: MetricRegistry, name: MetricName): number =>
  registry.collect().families.find((family) => family.name === name)!.values[0]!;

test('watchProcess says what the process uses', () => {
  const registry = new MetricRegistry();
  watchProcess(registry, '1.2.3');
  const files = valueOf(registry, 'process_open_fds');
  const fd = openSync('/dev/null', 'r');
  assert.equal(valueOf(registry, 'process_open_fds'), files + 1);
  closeSync(fd);
  assert.ok(valueOf(registry, 'process_resident_memory_bytes') > 1e6);
  const startedAt = valueOf(registry, 'process_start_time_seconds');
  assert.ok(Math.abs(startedAt - (Date.now() / 1000 - process.uptime())) < 1);
  const build = registry.collect().families.find((family) => family.name === 'selvage_build_info')!;
  assert.deepEqual(build.labels, [['1.2.3', process.versions.node]]);
});

test('watchProcess says of CPU time what was used since the last collection', () => {
  const registry = new MetricRegistry();
  watchProcess(registry, '1.2.3');
  const first = valueOf(registry, 'process_cpu_seconds_total');
  while (cpuSeconds() < first + 0.02);
  const before = cpuSeconds();
  const both = first + valueOf(registry, 'process_cpu_seconds_total');
  assert.ok(both > before - 1e-9 && both < cpuSeconds() + 1e-9, `${first} of ${both}`);
});

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

test('watchEventLoop notices a loop that was held up', async () => {
  const registry = new MetricRegistry();
  const end = watchEventLoop(registry);
  const heldUntilMs = performance.now() + 700;
  while (performance.now() < heldUntilMs);
  await new Promise((resolve) => setTimeout(resolve, 1));
  const lag = registry.collect().families.find((family) => family.name === 'selvage_event_loop_lag_seconds')!;
  end();
  assert.equal(lag.values[0], 1);
  assert.ok(lag.values[1]! > 0.15, `${lag.values[1]} s`);
});

test('MetricRegistry refuses a metric under a type or with labels that are not its own', () => {
  const registry = new MetricRegistry();
  assert.throws(() => registry.gauge('selvage_config_reloads_total', ['applied']), /declared a counter/);
  assert.throws(() => registry.counter('selvage_config_reloads_total'), /has 1 labels and not 0/);
  assert.equal(registry.counter('selvage_config_reloads_total', ['applied']).add(), undefined);
  assert.equal(valueOf(registry, 'selvage_config_reloads_total'), 1);
  assert.equal(valueOf(registry, 'selvage_config_reloads_total'), 0, 'counted once');
});
