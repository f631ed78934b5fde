/** One metric, as it is declared: the exposition and docs/metrics.md say exactly this. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Base unit, or '' for plain numbers; the name ends with it (before `_total`). */
  readonly unit: '' | 'seconds' | 'milliseconds' | 'bytes';
  /** Names of the labels; series give their values in this order. */
  readonly labels: readonly string[];
  /** One line without a final period. */
  readonly help: string;
  /** Upper bounds of a histogram, inclusive, ascending, without +Inf. */
  readonly buckets?: readonly number[];
  /**
   * How the gauges of several threads become one.
   *
   * @defaultValue sum
   */
  readonly merge?: 'sum' | 'max';
  /** Whether a series goes when nothing happened to it for a while; for labels that follow the configuration. */
  readonly dropsWhenIdle?: boolean;
}

/** Istio's bounds (which are Envoy's), for durations and for sizes, so that existing dashboards and quantiles fit. */
export const ISTIO_BUCKETS: readonly number[] = Object.freeze([
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]);

const LAG_BUCKETS: readonly number[] = Object.freeze([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]);

/** Labels of every `istio_` metric of requests, in the order of the exposition. */
export const ISTIO_LABELS = Object.freeze([
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'destination_workload',
  'destination_principal',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
] as const);

/** Labels of every `istio_tcp_` metric, in the order of the exposition. */
export const ISTIO_TCP_LABELS = Object.freeze([
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'destination_workload',
  'destination_principal',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'request_protocol',
  'response_flags',
  'connection_security_policy',
] as const);

/** Every metric that a process exposes. `docs/metrics.md` is kept equal to this table by a test. */
export const METRIC_TABLE = Object.freeze({
  istio_requests_total: {
    type: 'counter',
    unit: '',
    labels: ISTIO_LABELS,
    help: 'Exchanges that ended',
    dropsWhenIdle: true,
  },
  istio_request_duration_milliseconds: {
    type: 'histogram',
    unit: 'milliseconds',
    labels: ISTIO_LABELS,
    help: 'Time from the first byte of the request to the last byte of the response',
    buckets: ISTIO_BUCKETS,
    dropsWhenIdle: true,
  },
  istio_request_bytes: {
    type: 'histogram',
    unit: 'bytes',
    labels: ISTIO_LABELS,
    help: 'Content of requests',
    buckets: ISTIO_BUCKETS,
    dropsWhenIdle: true,
  },
  istio_response_bytes: {
    type: 'histogram',
    unit: 'bytes',
    labels: ISTIO_LABELS,
    help: 'Content of responses',
    buckets: ISTIO_BUCKETS,
    dropsWhenIdle: true,
  },
  istio_tcp_connections_opened_total: {
    type: 'counter',
    unit: '',
    labels: ISTIO_TCP_LABELS,
    help: 'Connections passed on as they are, counted when they have ended',
    dropsWhenIdle: true,
  },
  istio_tcp_connections_closed_total: {
    type: 'counter',
    unit: '',
    labels: ISTIO_TCP_LABELS,
    help: 'Connections passed on as they are that have ended',
    dropsWhenIdle: true,
  },
  istio_tcp_sent_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ISTIO_TCP_LABELS,
    help: 'Octets passed to clients of such connections',
    dropsWhenIdle: true,
  },
  istio_tcp_received_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ISTIO_TCP_LABELS,
    help: 'Octets passed from clients of such connections',
    dropsWhenIdle: true,
  },
  selvage_route_requests_total: {
    type: 'counter',
    unit: '',
    labels: ['listener', 'route', 'rule', 'response_code_class'],
    help: 'Exchanges that ended, by the rule that they matched',
    dropsWhenIdle: true,
  },
  selvage_route_request_duration_milliseconds: {
    type: 'histogram',
    unit: 'milliseconds',
    labels: ['listener', 'route', 'rule'],
    help: 'Time from the first byte of the request to the last byte of the response, by the rule that it matched',
    buckets: ISTIO_BUCKETS,
    dropsWhenIdle: true,
  },
  selvage_authorization_total: {
    type: 'counter',
    unit: '',
    labels: ['policy', 'action', 'result'],
    help: 'Decisions of authorization policies, by result: allowed, denied, would-deny (audited) or broken',
    dropsWhenIdle: true,
  },
  selvage_retries_total: {
    type: 'counter',
    unit: '',
    labels: ['cluster'],
    help: 'Attempts beyond the first of an exchange',
    dropsWhenIdle: true,
  },
  selvage_downstream_connections_total: {
    type: 'counter',
    unit: '',
    labels: ['port'],
    help: 'Connections that clients opened',
    dropsWhenIdle: true,
  },
  selvage_downstream_connections_active: {
    type: 'gauge',
    unit: '',
    labels: ['port'],
    help: 'Connections of clients that are open now',
    dropsWhenIdle: true,
  },
  selvage_downstream_connection_failures_total: {
    type: 'counter',
    unit: '',
    labels: ['port'],
    help: 'Connections of clients that were refused or failed before they carried a request, such as in the TLS handshake',
    dropsWhenIdle: true,
  },
  selvage_upstream_connections_total: {
    type: 'counter',
    unit: '',
    labels: ['cluster'],
    help: 'Connections to endpoints that were opened',
    dropsWhenIdle: true,
  },
  selvage_upstream_connections_active: {
    type: 'gauge',
    unit: '',
    labels: ['cluster'],
    help: 'Connections to endpoints that are open now',
    dropsWhenIdle: true,
  },
  selvage_upstream_connection_failures_total: {
    type: 'counter',
    unit: '',
    labels: ['cluster'],
    help: 'Connections to endpoints that could not be opened',
    dropsWhenIdle: true,
  },
  selvage_certificate_expiry_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['certificate'],
    help: 'When a certificate that listeners show expires, in seconds since 1970',
    merge: 'max',
  },
  selvage_metric_overflow_total: {
    type: 'counter',
    unit: '',
    labels: [],
    help: 'Exchanges counted under the label value "overflow", because as many series exist as may',
  },
  selvage_access_log_dropped_lines_total: {
    type: 'counter',
    unit: '',
    labels: [],
    help: 'Lines of the access log that were lost: the sink was too slow, or writing failed',
  },
  selvage_config_info: {
    type: 'gauge',
    unit: '',
    labels: ['version'],
    help: '1 for the version of the configuration that is in force',
    merge: 'max',
  },
  selvage_config_reloads_total: {
    type: 'counter',
    unit: '',
    labels: ['result'],
    help: 'Changes of the configuration, by result: applied, or rejected as a whole',
  },
  selvage_build_info: {
    type: 'gauge',
    unit: '',
    labels: ['version', 'node_version'],
    help: '1 for the build that runs',
    merge: 'max',
  },
  selvage_event_loop_lag_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'How late timers of the event loops fire, sampled twice a second on each thread',
    buckets: LAG_BUCKETS,
  },
  selvage_event_loop_active_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'Time that event loops were not waiting, summed over threads',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'User and system CPU time of the process',
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Resident memory of the process',
  },
  process_open_fds: {
    type: 'gauge',
    unit: '',
    labels: [],
    help: 'Open file descriptors of the process',
  },
  process_start_time_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'When the process started, in seconds since 1970',
  },
} as const satisfies Record<string, MetricEntry>);

/** A declared metric. */
export type MetricName = keyof typeof METRIC_TABLE;

/** @returns the declaration, with its optional parts */
export const metricEntry = (name: MetricName): MetricEntry => METRIC_TABLE[name];
