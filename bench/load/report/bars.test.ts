import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JOBS } from '../jobs.ts';
import type { PeerName } from '../peers/peer.ts';
import type { JobResult, Measurement } from '../scenarios/throughput.ts';
import { evaluateBars, verdictOf } from './bars.ts';
import type { Results } from './results.ts';

const NOTHING: Results = { machine: {}, jobs: [], memory: new Map(), startUp: new Map(), failures: [] };

function job(name: string, cpu: Partial<Record<PeerName, number[]>>): JobResult {
  const described = JOBS.find((candidate) => candidate.name === name);
  assert.ok(described !== undefined);
  const rounds = Object.entries(cpu).map(([peer, values]): [PeerName, Measurement[]] => [
    peer as PeerName,
    values.map((value) => ({
      cpuUsPerRequest: value,
      requestsPerSecond: 1,
      bytesPerSecond: 100 / value,
      cores: 1,
      p99Us: 1,
    })),
  ]);
  return { job: described, rounds: new Map(rounds) };
}

const verdicts = (results: Results): string[] => evaluateBars(results).map(verdictOf);

test('evaluateBars knows nothing without measurements', () => {
  assert.deepEqual(new Set(verdicts(NOTHING)), new Set(['not measured']));
});

test('evaluateBars compares paired rounds with the limits', () => {
  const jobs = [
    job('small-64', { selvage: [13, 26, 13], haproxy: [10, 20, 10], caddy: [30, 60, 30] }),
    job('routes-1', { selvage: [10] }),
    job('routes-1000', { selvage: [10.6] }),
    job('get-1m', { selvage: [11], haproxy: [10] }),
  ];
  assert.deepEqual(verdicts({ ...NOTHING, jobs }).slice(0, 4), ['pass', 'miss', 'miss', 'pass']);
});

test('evaluateBars subtracts the direct latency before it compares', () => {
  const latencyOf = (p99Us: number) => [
    { measured: 1, unanswered: 0, failed: 0, p50Us: 1, p90Us: 1, p99Us, greatestUs: 1 },
  ];
  const rounds = new Map([
    ['direct' as const, latencyOf(100)],
    ['haproxy' as const, latencyOf(200)],
    ['selvage' as const, latencyOf(310)],
  ]);
  const bar = evaluateBars({ ...NOTHING, latency: { ratePerSecond: 1, rounds, leftOut: [] } })[4];
  assert.ok(bar !== undefined);
  assert.equal(bar.measured, 2.1);
  assert.equal(verdictOf(bar), 'miss');
});

test('evaluateBars counts memory in megabytes of 10^6 bytes and takes the median start', () => {
  const use = { rssKiB: 68_000, pssKiB: 1 };
  const memory = new Map([['selvage' as const, { idle: use, connected: use, loaded: use }]]);
  const startUp = new Map([['selvage' as const, [900, 250, 200]]]);
  const [idle, start] = evaluateBars({ ...NOTHING, memory, startUp }).slice(5);
  assert.equal(idle?.measured, 69.632);
  assert.equal(start?.measured, 250);
});
