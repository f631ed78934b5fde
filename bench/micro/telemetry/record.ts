// What it costs to count one exchange, and to log it: node bench/micro/telemetry/record.ts
import { AccessLogLine } from '#telemetry/access-log-line.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { sampleRecord } from '#telemetry/sample-record.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { ExchangeRecord } from '#telemetry/exchange-record.ts';
import { measureAll } from '../measure.ts';

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const RECORDS = 1024;

/** Text as a codec gives it: cut out of a head that was just read, never seen before. */
const cutOut = (text: string): string =>
  Buffer.from(`GET ${text} HTTP/1.1`, 'latin1')
    .latin1Slice()
    .slice(4, 4 + text.length);

const listener = { name: 'shop/edge/http', gateway: 'shop/edge' };
const rules = Array.from({ length: 8 }, (_, i) => ({ route: `HTTPRoute/shop/r${i}`, name: 'rule-0' }));
const owners = rules.map(() => ({ metricScope: null }));
const clusters = rules.map((_, i) => ({
  name: `Service/shop/c${i}:80`,
  service: { name: `c${i}`, namespace: 'shop' },
}));

const makeRecords = (target: string): ExchangeRecord[] =>
  Array.from({ length: RECORDS }, (_, i) =>
    sampleRecord({
      target: cutOut(target + i),
      fields: ['accept', '*/*', 'user-agent', cutOut(USER_AGENT), 'accept-encoding', 'gzip, br'],
      listener,
      rule: rules[i % 8]!,
      owner: owners[i % 8]!,
      cluster: clusters[i % 8]!,
      status: i % 16 === 0 ? 404 : 200,
      error: i % 64 === 0 ? new ProxyError('upstream_reset', 'upstream', 'connection') : null,
      startedAt: performance.now() + i / 4,
      upstreamStartedAt: performance.now() + i / 4 + 0.125,
      upstreamRespondedAt: performance.now() + i / 4 + 0.9,
      endedAt: performance.now() + i / 4 + 1.0625,
    }),
  );

const plain = makeRecords('/cart/items/');
const queried = makeRecords('/search?page=2&sort=price&limit=20&q=shoe-');
const metrics = new RequestMetrics();
const line = new AccessLogLine();
const written = new AccessLog({ type: 'file', path: '/dev/null' });

let at = 0;
const next = (records: readonly ExchangeRecord[]): ExchangeRecord => records[(at = (at + 1) % RECORDS)]!;

measureAll({
  'choose a record (subtract this)': () => next(plain),
  'RequestMetrics.record': () => metrics.record(next(plain)),
  'AccessLogLine.format': () => line.format(next(plain)),
  'AccessLogLine.format with a query': () => line.format(next(queried)),
});

// Batches leave behind the event loop, so that a loop that never ends would only measure dropping. The least of many
// short rounds is what a machine with other work to do can say. A round makes one batch and asks for its write.
const ROUNDS = 4000;
const LINES_PER_ROUND = 150;
let leastNs = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const startedMs = performance.now();
  for (let i = 0; i < LINES_PER_ROUND; i++) written.record(next(plain));
  leastNs = Math.min(leastNs, ((performance.now() - startedMs) * 1e6) / LINES_PER_ROUND);
  await written.flush();
}
const text = `${leastNs.toFixed(0)} ns a line at least, ${written.dropped} lines dropped`;
process.stdout.write(`AccessLog.record, batches made: ${text}\n`);
await written.close();
