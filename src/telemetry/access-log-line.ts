import { ERROR_TABLE, type ErrorCode } from '#errors/error-table.ts';
import type { HttpVersion } from '#http/head.ts';
import type { ExchangeRecord, MeshHop } from './exchange-record.ts';
import { CachedText, RepeatedText, escapeText, inOnePiece, millisecondsText } from './log-text.ts';
import { LogTime } from './log-time.ts';
import { NO_FLAG, NO_GRPC_STATUS, grpcStatusOf, statusOf } from './outcome.ts';
import { redactSecrets } from './secret-query.ts';

/** A member of the line, with the comma in front of it. */
const member = (name: string, text: string): string => `,"${name}":"${escapeText(text)}"`;

const ERRORS = Object.fromEntries(
  Object.entries(ERROR_TABLE).map(([code, entry]) => [code, member('flags', entry.flag) + member('errorCode', code)]),
) as Record<ErrorCode, string>;

/** The members from the protocol to the key of the duration, of exchanges that did not fail; by status. */
const goneWell = (protocol: string): readonly string[] =>
  Array.from({ length: 600 }, (_, status) =>
    inOnePiece(`","protocol":"${protocol}","status":${status}${member('flags', NO_FLAG)},"durationMs":`),
  );

const GONE_WELL = goneWell('HTTP/1.1');
/** Between sidecars. */
const GONE_WELL_HTTP2 = goneWell('HTTP/2');

/**
 * Writes lines of the access log: one JSON object each, in ASCII, fields in the order of `ACCESS_LOG_FIELDS`.
 *
 * Everything that repeats is looked up ready escaped and in one piece with its keys: by object where a long-lived one
 * says it, by its text where not. What is left is one concatenation of some twenty pieces.
 */
export class AccessLogLine {
  readonly #time: LogTime;
  readonly #hosts = new RepeatedText('', '","path":"');
  readonly #authorizations = new CachedText<NonNullable<ExchangeRecord['authorization']>>(({ text }) =>
    member('authorization', text),
  );
  readonly #hops = new CachedText<MeshHop>(
    ({ reporter, security, source, destination }) =>
      member('reporter', reporter) +
      member('connectionSecurity', security) +
      (source.principal === '' ? '' : member('sourcePrincipal', source.principal)) +
      (destination.principal === '' ? '' : member('destinationPrincipal', destination.principal)),
  );
  readonly #endpoints = new RepeatedText(',"endpoint":"', '"');
  readonly #remoteAddresses = new RepeatedText(',"remoteAddress":"', '"');
  readonly #userAgents = new RepeatedText(',"userAgent":"', '"');
  readonly #listeners = new CachedText<NonNullable<ExchangeRecord['listener']>>(
    (listener) => member('listener', listener.name) + member('gateway', listener.gateway),
  );
  readonly #rules = new CachedText<NonNullable<ExchangeRecord['rule']>>(
    (rule) => member('route', rule.route) + member('rule', rule.name),
  );
  readonly #clusters = new CachedText<NonNullable<ExchangeRecord['cluster']>>((cluster) =>
    member('cluster', cluster.name),
  );

  /** @param wallMs a wall clock @param monotonicMs the clock of the records */
  constructor(wallMs?: () => number, monotonicMs?: () => number) {
    this.#time = new LogTime({ prefix: '{"time":"', suffix: '","requestId":"' }, wallMs, monotonicMs);
  }

  /** @returns the line with its line end */
  format(record: ExchangeRecord): string {
    const { request } = record;
    return (
      this.#time.text(record.startedAt, record.endedAt) +
      escapeText(record.requestId) +
      methodMember(request.method) +
      this.#hosts.of(record.host) +
      escapeText(redactSecrets(request.target)) +
      outcomeMembers(record) +
      durations(record) +
      grpcMember(record) +
      counts(record) +
      this.#listeners.of(record.listener) +
      this.#rules.of(record.rule) +
      this.#clusters.of(record.cluster) +
      (record.endpoint === '' ? '' : this.#endpoints.of(record.endpoint)) +
      this.#authorizations.of(record.authorization) +
      (record.hop === undefined ? '' : this.#hops.of(record.hop)) +
      this.#remoteAddresses.of(record.peer.remoteAddress) +
      this.#fieldMembers(record.request.fields.entries) +
      '}\n'
    );
  }

  /** One pass over the fields for all; of each name the first line alone, however many were sent. */
  #fieldMembers(entries: readonly string[]): string {
    let userAgent: string | null = null;
    let referer: string | null = null;
    let traceparent: string | null = null;
    for (let i = 0; i < entries.length; i += 2) {
      const name = entries[i];
      if (name === 'user-agent') userAgent ??= entries[i + 1]!;
      else if (name === 'referer') referer ??= entries[i + 1]!;
      else if (name === 'traceparent') traceparent ??= entries[i + 1]!;
    }
    let text = userAgent === null ? '' : this.#userAgents.of(userAgent);
    if (referer !== null) text += member('referer', redactSecrets(referer));
    if (traceparent !== null) text += traceMember(traceparent);
    return text;
  }
}

/** With the key of the host behind it. */
const methodMember = (method: string): string =>
  method === 'GET' ? '","method":"GET","host":"' : `","method":"${escapeText(method)}","host":"`;

const protocolOf = (version: HttpVersion): string =>
  version === 11 ? 'HTTP/1.1' : version === 20 ? 'HTTP/2' : 'HTTP/1.0';

const outcomeMembers = (record: ExchangeRecord): string => {
  const { error } = record;
  const status = statusOf(record);
  const { version } = record.request;
  if (error === null && version !== 10 && status < 600) return (version === 11 ? GONE_WELL : GONE_WELL_HTTP2)[status]!;
  const cause = error === null || error.cause === '' ? '' : member('cause', error.cause);
  const failure = error === null ? member('flags', NO_FLAG) : ERRORS[error.code];
  return `","protocol":"${protocolOf(version)}","status":${status}${failure}${cause},"durationMs":`;
};

const durations = (record: ExchangeRecord): string => {
  const durationMs = record.endedAt - record.startedAt;
  const total = millisecondsText(durationMs);
  if (record.upstreamRespondedAt === 0) return total;
  const upstreamMs = record.upstreamRespondedAt - record.upstreamStartedAt;
  return `${total},"upstreamMs":${millisecondsText(upstreamMs)},"proxyMs":${millisecondsText(durationMs - upstreamMs)}`;
};

const grpcMember = (record: ExchangeRecord): string => {
  const status = grpcStatusOf(record);
  return status === NO_GRPC_STATUS ? '' : `,"grpcStatus":${status}`;
};

const counts = (record: ExchangeRecord): string => {
  const { requestBytes, responseBytes, attempts } = record;
  const head =
    requestBytes === 0 ? ',"requestBytes":0,"responseBytes":' : `,"requestBytes":${requestBytes},"responseBytes":`;
  return head + responseBytes + (attempts === 1 ? ',"attempts":1' : `,"attempts":${attempts}`);
};

/** W3C Trace Context §3.2.2: version, trace id, parent id and flags; an id of zeros is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;

const traceMember = (traceparent: string): string =>
  TRACEPARENT.test(traceparent) ? `,"traceId":"${traceparent.slice(3, 35)}"` : '';
