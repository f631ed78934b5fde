import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyError } from '#errors/proxy-error.ts';
import type { MetricOwner } from './exchange-record.ts';
import { valuesPerSeries, type MetricSnapshot } from './metric-snapshot.ts';
import { ISTIO_LABELS, metricEntry, type MetricName } from './metric-table.ts';
import { MetricTotals } from './metric-totals.ts';
import { RequestMetrics } from './request-metrics.ts';
import { sampleRecord } from './sample-record.ts';
import { IDLE_SERIES_MS } from './series-store.ts';

/** Series of a metric as `label,label` → first value (a histogram's count). */
const countsOf = (snapshot: MetricSnapshot, name: MetricName): Record<string, number> => {
  const family = snapshot.families.find((one) => one.name === name);
  const width = valuesPerSeries(metricEntry(name));
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), family!.values[i * width]!]));
};

const owner = (): MetricOwner => ({ metricScope: null });

test('RequestMetrics gives Istio labels to an exchange of a gateway', () => {
  const metrics = new RequestMetrics();
  metrics.record(sampleRecord());
  const family = metrics.collect().families.find((one) => one.name === 'istio_requests_total')!;
  assert.deepEqual(Object.fromEntries(ISTIO_LABELS.map((label, i) => [label, family.labels[0]![i]])), {
    reporter: 'source',
    source_workload: 'edge',
    source_workload_namespace: 'shop',
    source_principal: 'unknown',
    destination_workload: 'unknown',
    destination_principal: 'unknown',
    destination_service: 'cart.shop.svc.cluster.local',
    destination_service_name: 'cart',
    destination_service_namespace: 'shop',
    request_protocol: 'http',
    response_code: '200',
    grpc_response_status: '',
    response_flags: '-',
    connection_security_policy: 'none',
  });
  assert.deepEqual([...family.values], [1]);
});

test('RequestMetrics puts a duration into the bucket whose bound it does not exceed', () => {
  const metrics = new RequestMetrics();
  const backend = owner();
  for (const endedAt of [1000.5, 1000.6, 1001, 1_000_000_000])
    metrics.record(sampleRecord({ owner: backend, endedAt }));
  const family = metrics.collect().families.find((one) => one.name === 'istio_request_duration_milliseconds')!;
  const [count, sum, ...buckets] = family.values;
  assert.equal(count, 4);
  assert.ok(Math.abs(sum! - (0.5 + 0.6 + 1 + 999_999_000)) < 1e-6);
  assert.deepEqual(buckets.slice(0, 3), [1, 2, 0]);
  assert.equal(
    buckets.reduce((a, b) => a + b),
    3,
    'what exceeds all bounds is in the count alone',
  );
});

test('RequestMetrics counts statuses and flags apart, also behind the last row that an owner used', () => {
  const metrics = new RequestMetrics();
  const backend = owner();
  const reset = new ProxyError('upstream_reset', 'upstream', 'connection');
  const gone = new ProxyError('downstream_closed', 'downstream', 'connection');
  for (const sample of [
    {},
    { status: 404 },
    {},
    { status: 502, error: reset },
    { error: reset },
    { status: null, error: gone },
  ]) {
    metrics.record(sampleRecord({ owner: backend, ...sample }));
  }
  const family = metrics.collect().families.find((one) => one.name === 'istio_requests_total')!;
  const byOutcome = Object.fromEntries(
    family.labels.map((labels, i) => [`${labels[10]} ${labels[12]}`, family.values[i]]),
  );
  assert.deepEqual(byOutcome, { '200 -': 2, '404 -': 1, '502 UR': 1, '200 UR': 1, '499 DC': 1 });
});

test('RequestMetrics counts by listener, route, rule and class, and retries by cluster', () => {
  const metrics = new RequestMetrics();
  const backend = owner();
  const other = { name: 'shop/edge/https', gateway: 'shop/edge' };
  for (let i = 0; i < 3; i++) {
    metrics.record(sampleRecord({ owner: backend }));
    metrics.record(sampleRecord({ owner: backend, status: 201, listener: other, attempts: 3 }));
  }
  const snapshot = metrics.collect();
  assert.deepEqual(countsOf(snapshot, 'selvage_route_requests_total'), {
    'shop/edge/http,HTTPRoute/shop/cart,rule-0,2xx': 3,
    'shop/edge/https,HTTPRoute/shop/cart,rule-0,2xx': 3,
  });
  assert.deepEqual(countsOf(snapshot, 'selvage_retries_total'), { 'Service/shop/cart:80': 6 });
});

test('RequestMetrics hangs nothing on connections whose requests reached no listener', () => {
  const metrics = new RequestMetrics();
  const peers = [owner(), owner()];
  for (const peer of peers) {
    metrics.record(sampleRecord({ owner: peer, status: 400, listener: null, rule: null, cluster: null }));
  }
  assert.deepEqual(peers, [owner(), owner()]);
  assert.deepEqual(countsOf(metrics.collect(), 'selvage_route_requests_total'), { ',,,4xx': 2 });
});

test('RequestMetrics goes on in the same series when a reload replaces an owner', () => {
  const metrics = new RequestMetrics();
  metrics.record(sampleRecord());
  metrics.record(sampleRecord());
  const counts = Object.values(countsOf(metrics.collect(), 'istio_requests_total'));
  assert.deepEqual(counts, [2]);
});

test('RequestMetrics drops idle rows without counting anything in the rows of others', () => {
  let nowMs = 0;
  const metrics = new RequestMetrics({ nowMs: () => nowMs, maxSeries: 3 });
  const backends = [owner(), owner(), owner()];
  const record = (i: number): void =>
    metrics.record(sampleRecord({ owner: backends[i]!, rule: { route: `HTTPRoute/shop/r${i}`, name: 'rule-0' } }));
  record(0);
  record(1);
  metrics.collect();
  nowMs = IDLE_SERIES_MS / 2;
  record(1);
  metrics.collect();
  nowMs = IDLE_SERIES_MS + 1;
  metrics.collect(); // drops r0
  record(2); // takes its row
  record(0); // must not count where its scope says that it was
  record(1);
  assert.deepEqual(countsOf(metrics.collect(), 'selvage_route_requests_total'), {
    'shop/edge/http,HTTPRoute/shop/r0,rule-0,2xx': 1,
    'shop/edge/http,HTTPRoute/shop/r1,rule-0,2xx': 1,
    'shop/edge/http,HTTPRoute/shop/r2,rule-0,2xx': 1,
  });
});

test('RequestMetrics does not mistake the scope that other metrics made for its own', () => {
  const first = new RequestMetrics();
  const second = new RequestMetrics();
  const backend = owner();
  first.record(sampleRecord({ status: 500 }));
  for (const metrics of [first, second, first]) metrics.record(sampleRecord({ owner: backend }));
  assert.deepEqual(Object.values(countsOf(first.collect(), 'istio_requests_total')), [1, 2]);
  assert.deepEqual(Object.values(countsOf(second.collect(), 'istio_requests_total')), [1]);
});

test('RequestMetrics folds what exceeds the limit into one series, and says how much', () => {
  const metrics = new RequestMetrics({ maxSeries: 2 });
  for (let i = 0; i < 5; i++) metrics.record(sampleRecord({ rule: { route: `HTTPRoute/shop/r${i}`, name: 'rule-0' } }));
  const snapshot = metrics.collect();
  assert.deepEqual(countsOf(snapshot, 'selvage_route_requests_total'), {
    'shop/edge/http,HTTPRoute/shop/r0,rule-0,2xx': 1,
    'shop/edge/http,HTTPRoute/shop/r1,rule-0,2xx': 1,
    'overflow,overflow,overflow,overflow': 3,
  });
  assert.deepEqual(countsOf(snapshot, 'selvage_metric_overflow_total'), { '': 3 });
});

test('MetricTotals never lets a total shrink while threads and their idle rows come and go', () => {
  let nowMs = 0;
  const workers = [new RequestMetrics({ nowMs: () => nowMs }), new RequestMetrics({ nowMs: () => nowMs })];
  const totals = new MetricTotals(() => nowMs);
  const seen: number[] = [];
  for (let minute = 0; minute < 40; minute++) {
    nowMs = minute * 60_000;
    workers[0]!.record(sampleRecord());
    if (minute === 0) workers[1]!.record(sampleRecord());
    for (const [i, worker] of workers.entries()) totals.absorb(`worker-${i}`, worker.collect());
    seen.push(...Object.values(countsOf(totals.snapshot(), 'istio_requests_total')));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, i) => i + 2),
  );
});

test('MetricTotals drops a series that no thread has counted in for ten minutes', () => {
  let nowMs = 0;
  const metrics = new RequestMetrics({ nowMs: () => nowMs });
  const totals = new MetricTotals(() => nowMs);
  metrics.record(sampleRecord());
  const read = (): number => {
    totals.absorb('main', metrics.collect());
    return Object.keys(countsOf(totals.snapshot(), 'istio_requests_total')).length;
  };
  assert.equal(read(), 1);
  nowMs = IDLE_SERIES_MS - 1;
  assert.equal(read(), 1);
  nowMs = IDLE_SERIES_MS;
  assert.equal(read(), 0);
});

test('RequestMetrics counts connections, and MetricTotals forgets those of a thread that ended', () => {
  const metrics = new RequestMetrics();
  const totals = new MetricTotals();
  const cart = metrics.upstream('Service/shop/cart:80');
  cart.opened();
  cart.opened();
  cart.closed();
  cart.failed();
  metrics.downstream(8080).opened();
  totals.absorb('worker-0', metrics.collect());
  totals.absorb('worker-0', metrics.collect());
  let snapshot = totals.snapshot();
  assert.deepEqual(countsOf(snapshot, 'selvage_upstream_connections_total'), { 'Service/shop/cart:80': 2 });
  assert.deepEqual(countsOf(snapshot, 'selvage_upstream_connections_active'), { 'Service/shop/cart:80': 1 });
  assert.deepEqual(countsOf(snapshot, 'selvage_upstream_connection_failures_total'), { 'Service/shop/cart:80': 1 });
  assert.deepEqual(countsOf(snapshot, 'selvage_downstream_connections_active'), { 8080: 1 });
  totals.forget('worker-0');
  snapshot = totals.snapshot();
  assert.deepEqual(countsOf(snapshot, 'selvage_upstream_connections_active'), {});
  assert.deepEqual(countsOf(snapshot, 'selvage_upstream_connections_total'), { 'Service/shop/cart:80': 2 });
});

test('ConnectionCounts count on in a series that was dropped while idle', () => {
  let nowMs = 0;
  const metrics = new RequestMetrics({ nowMs: () => nowMs });
  const idle = metrics.upstream('Service/shop/cart:80');
  idle.opened();
  idle.closed();
  metrics.collect();
  nowMs = IDLE_SERIES_MS * 2;
  metrics.collect();
  metrics.upstream('Service/shop/pay:80').opened();
  idle.opened();
  assert.deepEqual(countsOf(metrics.collect(), 'selvage_upstream_connections_active'), {
    'Service/shop/pay:80': 1,
    'Service/shop/cart:80': 1,
  });
});

test('MetricSnapshot crosses a thread as it is', () => {
  const metrics = new RequestMetrics();
  metrics.record(sampleRecord());
  const snapshot = metrics.collect();
  assert.deepEqual(structuredClone(snapshot), snapshot);
});
