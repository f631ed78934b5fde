// What Selvage has to reach, and whether it did.

import { USUAL_JOB } from '../jobs.ts';
import { addedLatencyUs, ratioOf, seriesOf, type Results } from './results.ts';
import { median, type Summary } from './statistics.ts';

/** One bar. */
export interface Bar {
  readonly title: string;
  readonly limit: number;
  /** Whether the measured value must not be over the limit, or not under it. */
  readonly side: 'at most' | 'at least';
  readonly unit: '×' | 'MB' | 'ms';
  /** What was measured; `undefined` when a needed cell is missing or failed. */
  readonly measured: number | undefined;
  /** The rounds behind it. A limit that lies within them is not decided, whatever the verdict. */
  readonly rounds?: Summary;
}

/** @returns whether a bar was reached; `not measured` without a measurement. */
export function verdictOf(bar: Bar): 'pass' | 'miss' | 'not measured' {
  if (bar.measured === undefined || !Number.isFinite(bar.measured)) return 'not measured';
  const isReached = bar.side === 'at most' ? bar.measured <= bar.limit : bar.measured >= bar.limit;
  return isReached ? 'pass' : 'miss';
}

/** Compares the results with all bars. */
export function evaluateBars(results: Results): Bar[] {
  return [
    ofRounds('CPU per request, of HAProxy (small, 64 connections)', 1.35, cpuRatio(results, 'haproxy')),
    ofRounds('CPU per request, of Caddy (small, 64 connections)', 0.4, cpuRatio(results, 'caddy')),
    ofRounds('CPU per request with 1000 routes, of that with 1', 1.05, routesRatio(results)),
    { ...ofRounds('throughput of 1 MiB answers, of HAProxy', 0.8, throughputRatio(results)), side: 'at least' },
    atMost('added p99 latency at half of saturation, of HAProxy', 2, '×', addedP99Ratio(results)),
    atMost('memory, idle (RSS)', 70, 'MB', idleMegabytes(results)),
    atMost('from start to first answer', 300, 'ms', startUpMs(results)),
  ];
}

function atMost(title: string, limit: number, unit: Bar['unit'], measured: number | undefined): Bar {
  return { title, limit, side: 'at most', unit, measured };
}

function ofRounds(title: string, limit: number, rounds: Summary | undefined): Bar {
  return { ...atMost(title, limit, '×', rounds?.median), ...(rounds === undefined ? {} : { rounds }) };
}

function cpuRatio(results: Results, other: 'haproxy' | 'caddy'): Summary | undefined {
  const ours = seriesOf(results, USUAL_JOB, 'selvage', 'cpuUsPerRequest');
  return ratioOf(ours, seriesOf(results, USUAL_JOB, other, 'cpuUsPerRequest'));
}

function routesRatio(results: Results): Summary | undefined {
  const many = seriesOf(results, 'routes-1000', 'selvage', 'cpuUsPerRequest');
  return ratioOf(many, seriesOf(results, 'routes-1', 'selvage', 'cpuUsPerRequest'));
}

function throughputRatio(results: Results): Summary | undefined {
  const ours = seriesOf(results, 'get-1m', 'selvage', 'bytesPerSecond');
  return ratioOf(ours, seriesOf(results, 'get-1m', 'haproxy', 'bytesPerSecond'));
}

// Of medians and not of rounds: a difference of two p99s may be near zero in one round, and a ratio to it means nothing.
function addedP99Ratio(results: Results): number | undefined {
  const ours = addedLatencyUs(results.latency, 'selvage', 'p99Us');
  const theirs = addedLatencyUs(results.latency, 'haproxy', 'p99Us');
  if (ours === undefined || theirs === undefined || median(theirs) <= 0) return undefined;
  return median(ours) / median(theirs);
}

function idleMegabytes(results: Results): number | undefined {
  const memory = results.memory.get('selvage');
  return memory === undefined ? undefined : (memory.idle.rssKiB * 1024) / 1e6;
}

function startUpMs(results: Results): number | undefined {
  const times = results.startUp.get('selvage');
  return times === undefined || times.length === 0 ? undefined : median(times);
}
