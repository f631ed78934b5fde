import { grpcStatusOfHttp, parseGrpcStatus } from '#codec/grpc/status.ts';
import { ERROR_TABLE, type ErrorCode } from '#errors/error-table.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** What stands in logs and metrics where an exchange has no response flag, as in Envoy. */
export const NO_FLAG = '-';

/** Every response flag once; a flag's place here is the small number that the metrics count by. */
export const FLAGS: readonly string[] = Object.freeze([
  ...new Set([NO_FLAG, ...Object.values(ERROR_TABLE).map((entry) => entry.flag)]),
]);

const FLAG_INDEX = Object.fromEntries(
  Object.entries(ERROR_TABLE).map(([code, entry]) => [code, FLAGS.indexOf(entry.flag)]),
) as Record<ErrorCode, number>;

/** @returns the place of the exchange's response flag in {@link FLAGS} */
export const flagIndexOf = (record: ExchangeRecord): number =>
  record.error === null ? 0 : FLAG_INDEX[record.error.code];

/** @returns the status that went downstream, or what it would have been had the client stayed; 0 where neither is known */
export const statusOf = (record: ExchangeRecord): number => {
  if (record.response !== null) return record.response.status;
  return record.error === null ? 0 : ERROR_TABLE[record.error.code].status;
};

/** What {@link grpcStatusOf} says of what is no gRPC. */
export const NO_GRPC_STATUS = -1;

/**
 * @returns the status that a gRPC caller gets, or would have got had it stayed: of the trailers, of a head that is all,
 * of this proxy's own failure, or what callers make of an answer that is no gRPC; -1 where the request was none
 */
export const grpcStatusOf = (record: ExchangeRecord): number => {
  if (record.grpc === null) return NO_GRPC_STATUS;
  const { response, error } = record;
  const status = record.responseTrailers?.first('grpc-status') ?? response?.fields.first('grpc-status');
  if (status !== undefined) return parseGrpcStatus(status);
  if (error !== null) return ERROR_TABLE[error.code].grpcStatus;
  return grpcStatusOfHttp(response?.status ?? 0);
};
