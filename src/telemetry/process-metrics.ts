import { readdirSync, statSync } from 'node:fs';
import type { Histogram, MetricRegistry } from './metric-registry.ts';

/** How often the lateness of timers is sampled. */
const LAG_INTERVAL_MS = 500;

/** Says what the process as a whole uses. For one thread of it only. @param version of the build */
export const watchProcess = (registry: MetricRegistry, version: string): void => {
  registry.watch('selvage_build_info', () => [{ labels: [version, process.versions.node], value: 1 }]);
  registry.watch('process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage();
    return [{ labels: [], value: (user + system) / 1e6 }];
  });
  registry.watch('process_resident_memory_bytes', () => [{ labels: [], value: process.memoryUsage.rss() }]);
  registry.watch('process_open_fds', () => {
    const value = countOpenFiles();
    return value === null ? [] : [{ labels: [], value }];
  });
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  registry.watch('process_start_time_seconds', () => [{ labels: [], value: startedAtSeconds }]);
};

/**
 * Watches how busy the event loop of this thread is. Does not keep the process running.
 *
 * @returns ends it
 */
export const watchEventLoop = (registry: MetricRegistry): (() => void) => {
  registry.watch('selvage_event_loop_active_seconds_total', () => [
    { labels: [], value: performance.eventLoopUtilization().active / 1000 },
  ]);
  return sampleLag(registry.histogram('selvage_event_loop_lag_seconds'));
};

const sampleLag = (lag: Histogram): (() => void) => {
  let expectedAtMs = performance.now() + LAG_INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lag.observe(Math.max(0, nowMs - expectedAtMs) / 1000);
    expectedAtMs = nowMs + LAG_INTERVAL_MS;
  }, LAG_INTERVAL_MS).unref();
  return () => clearInterval(timer);
};

/** Linux 6.2 says the number as the size of the folder; before, the entries must be counted. */
const countOpenFiles = (): number | null => {
  try {
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch {
    return null; // no such folder outside Linux
  }
};
