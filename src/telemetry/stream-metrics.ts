import { ERROR_TABLE } from '#errors/error-table.ts';
import type { Counter, MetricRegistry } from './metric-registry.ts';
import { NO_FLAG } from './outcome.ts';
import { partyLabels, securityOf } from './istio-parties.ts';
import type { StreamRecord } from './stream-record.ts';

/** Series kept ready; a reload may rename listeners and backends for ever. */
const MAX_READY = 1024;

/** Counts connections that are passed on as they are: they are few beside requests, so each costs a key of text. */
export class StreamMetrics {
  readonly #registry: MetricRegistry;
  readonly #ready = new Map<string, readonly Counter[]>();

  constructor(registry: MetricRegistry) {
    this.#registry = registry;
  }

  /** Counts a connection that has ended; also one that reached no backend. */
  record(record: StreamRecord): void {
    const flag = record.error === null ? NO_FLAG : ERROR_TABLE[record.error.code].flag;
    const { hop } = record;
    const parties =
      hop === null || hop === undefined
        ? ''
        : `${hop.source.principal} ${hop.destination.principal} ${hop.service?.name} ${hop.service?.namespace}`;
    const key = `${record.listener?.name} ${record.cluster?.name} ${flag} ${parties}`;
    const [opened, closed, sent, received] =
      this.#ready.get(key) ?? this.#prepare(key, [...partyLabels(record), 'tcp', flag, securityOf(record)]);
    // Both at once: which flag a connection gets is known only at its end.
    opened!.add();
    closed!.add();
    sent!.add(record.sentBytes);
    received!.add(record.receivedBytes);
  }

  #prepare(key: string, labels: readonly string[]): readonly Counter[] {
    if (this.#ready.size >= MAX_READY) this.#ready.clear();
    const counters = [
      this.#registry.counter('istio_tcp_connections_opened_total', labels),
      this.#registry.counter('istio_tcp_connections_closed_total', labels),
      this.#registry.counter('istio_tcp_sent_bytes_total', labels),
      this.#registry.counter('istio_tcp_received_bytes_total', labels),
    ];
    this.#ready.set(key, counters);
    return counters;
  }
}
