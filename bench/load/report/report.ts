// The results as text for a terminal.

import type { PeerName } from '../peers/peer.ts';
import type { LatencyResult } from '../scenarios/latency.ts';
import { IDLE_CONNECTIONS, type MemoryResult } from '../scenarios/memory.ts';
import type { JobResult, Measurement } from '../scenarios/throughput.ts';
import { evaluateBars, verdictOf, type Bar } from './bars.ts';
import { addedLatencyUs, ratioOf, type Results } from './results.ts';
import { median, relativeSpread, summarize } from './statistics.ts';
import { formatNumber, formatTable } from './table.ts';

/** What every ratio is a ratio to. */
const REFERENCE = 'haproxy';

/** Writes the whole report. */
export function formatReport(results: Results): string {
  const sections = [
    Object.entries(results.machine)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
    ...results.jobs.map(formatJob),
    results.latency === undefined ? '' : formatLatency(results.latency),
    results.memory.size === 0 ? '' : formatMemory(results.memory),
    results.startUp.size === 0 ? '' : formatStartUp(results.startUp),
    `bars\n${formatTable(['', 'bar', 'measured', 'rounds', ''], evaluateBars(results).map(barRow))}`,
    formatFailures(results),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function formatJob({ job, rounds }: JobResult): string {
  const header = ['', 'CPU µs/req', 'spread', '× HAProxy', 'req/s', '× HAProxy', 'MiB/s', 'cores', 'p99 µs'];
  const reference = rounds.get(REFERENCE);
  const rows = [...rounds].map(([peer, measured]) => jobRow(peer, measured, reference));
  return `${job.title} [${job.name}]\n${formatTable(header, rows)}`;
}

function jobRow(
  peer: PeerName,
  measured: readonly Measurement[],
  reference: readonly Measurement[] | undefined,
): string[] {
  const of = (quantity: keyof Measurement): number[] => measured.map((round) => round[quantity]);
  const ratio = (quantity: keyof Measurement): string =>
    formatRatio(
      of(quantity),
      reference?.map((round) => round[quantity]),
    );
  return [
    peer,
    formatNumber(median(of('cpuUsPerRequest'))),
    formatSpread(of('cpuUsPerRequest')),
    ratio('cpuUsPerRequest'),
    median(of('requestsPerSecond')).toFixed(0),
    ratio('requestsPerSecond'),
    formatNumber(median(of('bytesPerSecond')) / 2 ** 20),
    formatNumber(median(of('cores'))),
    formatNumber(median(of('p99Us'))),
  ];
}

function formatLatency(latency: LatencyResult): string {
  const header = ['', 'p50 µs', 'p99 µs', 'spread', 'added p50', 'added p99', '× HAProxy'];
  const reference = addedLatencyUs(latency, REFERENCE, 'p99Us');
  const rows = [...latency.rounds].map(([peer, rounds]) => {
    const p99 = rounds.map((round) => round.p99Us);
    const row = [
      peer,
      formatNumber(median(rounds.map((round) => round.p50Us))),
      formatNumber(median(p99)),
      formatSpread(p99),
    ];
    if (peer === 'direct') return row;
    const added = addedLatencyUs(latency, peer, 'p99Us') ?? [];
    const addedP50 = median(addedLatencyUs(latency, peer, 'p50Us') ?? []);
    return [
      ...row,
      formatNumber(addedP50),
      formatNumber(median(added)),
      formatNumber(median(added) / median(reference ?? [])),
    ];
  });
  const leftOut = latency.leftOut
    .map((peer) => `  ${peer}: left out, this rate is too near to its saturation\n`)
    .join('');
  return `latency at ${latency.ratePerSecond} requests/s, 64 connections, from when each was due\n${formatTable(header, rows)}${leftOut}`;
}

function formatMemory(memory: ReadonlyMap<PeerName, MemoryResult>): string {
  const header = ['', 'idle RSS', 'PSS', `${IDLE_CONNECTIONS} conns RSS`, 'PSS', 'KiB/conn', 'loaded RSS', 'PSS'];
  const megabytes = (kib: number): string => formatNumber((kib * 1024) / 1e6);
  const rows = [...memory].map(([peer, { idle, connected, loaded }]) => [
    peer,
    megabytes(idle.rssKiB),
    megabytes(idle.pssKiB),
    megabytes(connected.rssKiB),
    megabytes(connected.pssKiB),
    formatNumber((connected.rssKiB - idle.rssKiB) / IDLE_CONNECTIONS),
    megabytes(loaded.rssKiB),
    megabytes(loaded.pssKiB),
  ]);
  return `memory in MB\n${formatTable(header, rows)}`;
}

function formatStartUp(startUp: ReadonlyMap<string, readonly number[]>): string {
  const rows = [...startUp].map(([peer, times]) => [peer, formatNumber(median(times)), formatSpread(times)]);
  return `from start to first answer\n${formatTable(['', 'ms', 'spread'], rows)}`;
}

function barRow(bar: Bar): string[] {
  // Ratios to three digits: two would show a miss as the limit itself.
  const format = bar.unit === '×' ? (value: number): string => value.toFixed(3) : formatNumber;
  const measured = bar.measured === undefined ? '–' : `${format(bar.measured)} ${bar.unit}`;
  const rounds = bar.rounds === undefined ? '' : `${format(bar.rounds.least)} to ${format(bar.rounds.greatest)}`;
  return [bar.title, `${bar.side} ${bar.limit} ${bar.unit}`, measured, rounds, verdictOf(bar)];
}

function formatFailures(results: Results): string {
  if (results.failures.length === 0) return '';
  const lines = results.failures.map(({ cell, peer, reason }) => `  ${peer}, ${cell}: ${reason}\n`);
  // A peer that cannot start fails the same way in every scenario.
  return `failed\n${[...new Set(lines)].join('')}`;
}

function formatRatio(ours: readonly number[], theirs: readonly number[] | undefined): string {
  const ratio = ratioOf(ours, theirs);
  return ratio === undefined ? '–' : formatNumber(ratio.median);
}

function formatSpread(values: readonly number[]): string {
  const share = relativeSpread(summarize(values));
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '–';
}
