import type { ExchangeRecord } from './exchange-record.ts';
import { partyLabels, securityOf } from './istio-parties.ts';
import { ISTIO_BUCKETS } from './metric-table.ts';
import { NO_GRPC_STATUS } from './outcome.ts';
import { seriesKey } from './metric-snapshot.ts';
import { OVERFLOW_LABEL } from './series-store.ts';

/*
 * What is counted of exchanges that are alike, as one row of numbers. A histogram inside it has the layout of a
 * snapshot (count, sum, buckets), so that it is added up as it lies. The first count is also `istio_requests_total`.
 *
 *   0          21            42            63
 *   ├ duration ┼ request size ┼ response size ┼ retries
 */

/** Numbers of one histogram: count, sum, buckets. */
const HISTOGRAM_COLUMNS = 2 + ISTIO_BUCKETS.length;

export const DURATION = 0;
export const REQUEST_SIZE = HISTOGRAM_COLUMNS;
export const RESPONSE_SIZE = 2 * HISTOGRAM_COLUMNS;
export const RETRIES = 3 * HISTOGRAM_COLUMNS;
export const ROW_COLUMNS = 3 * HISTOGRAM_COLUMNS + 1;

/** A typed array, because the loop over it runs three times for each exchange. */
const BOUNDS = Float64Array.from(ISTIO_BUCKETS);

/** Counts one value in the histogram that begins at `at`. */
export const observe = (values: Float64Array, at: number, value: number): void => {
  values[at]! += 1;
  values[at + 1]! += value;
  let bucket = 0;
  while (bucket < BOUNDS.length && value > BOUNDS[bucket]!) bucket++;
  if (bucket < BOUNDS.length) values[at + 2 + bucket]! += 1;
};

/** A set of label values with their key. */
export interface LabelSet {
  readonly labels: readonly string[];
  readonly key: string;
}

/** In which series of each metric a row counts. */
export interface RequestLabels {
  readonly istio: LabelSet;
  readonly route: LabelSet;
  readonly routeClass: LabelSet;
  readonly cluster: LabelSet;
}

const labelSet = (...labels: readonly string[]): LabelSet => ({ labels, key: seriesKey(labels) });

/** @param status of the answer @param flag its response flag @param grpcStatus of gRPC, or -1 */
export const requestLabels = (
  record: ExchangeRecord,
  status: number,
  flag: string,
  grpcStatus: number,
): RequestLabels => {
  const listener = record.listener?.name ?? '';
  const route = record.rule?.route ?? '';
  const rule = record.rule?.name ?? '';
  return {
    istio: labelSet(...istioLabels(record, status, flag, grpcStatus)),
    route: labelSet(listener, route, rule),
    routeClass: labelSet(listener, route, rule, `${Math.floor(status / 100)}xx`),
    cluster: labelSet(record.cluster?.name ?? ''),
  };
};

/** Labels of the row that counts for all that found no room. */
export const OVERFLOW_LABELS: RequestLabels = {
  istio: labelSet(...Array.from<string>({ length: 14 }).fill(OVERFLOW_LABEL)),
  route: labelSet(OVERFLOW_LABEL, OVERFLOW_LABEL, OVERFLOW_LABEL),
  routeClass: labelSet(OVERFLOW_LABEL, OVERFLOW_LABEL, OVERFLOW_LABEL, OVERFLOW_LABEL),
  cluster: labelSet(OVERFLOW_LABEL),
};

/** @returns one string for all labels together */
export const requestKey = (labels: RequestLabels): string =>
  `${labels.istio.key}\u0000${labels.route.key}\u0000${labels.cluster.key}`;

const istioLabels = (record: ExchangeRecord, status: number, flag: string, grpcStatus: number): readonly string[] => {
  const protocol = grpcStatus === NO_GRPC_STATUS ? 'http' : 'grpc';
  const grpc = grpcStatus === NO_GRPC_STATUS ? '' : String(grpcStatus);
  return [...partyLabels(record), protocol, String(status), grpc, flag, securityOf(record)];
};
