import { ERROR_TABLE } from '#errors/error-table.ts';
import { escapeText, millisecondsText } from './log-text.ts';
import { LogTime } from './log-time.ts';
import { NO_FLAG } from './outcome.ts';
import type { StreamRecord } from './stream-record.ts';

const member = (name: string, text: string): string => (text === '' ? '' : `,"${name}":"${escapeText(text)}"`);

/** Writes lines of the access log about connections that are passed on as they are: the fields of requests that they have. */
export class StreamLogLine {
  readonly #time = new LogTime();

  /** @returns the line with its line end */
  format(record: StreamRecord): string {
    const { error, listener, peer } = record;
    const outcome =
      error === null
        ? member('flags', NO_FLAG)
        : member('flags', ERROR_TABLE[error.code].flag) +
          member('errorCode', error.code) +
          member('cause', error.cause);
    return (
      `{"time":"${this.#time.text(record.startedAt, record.endedAt)}"` +
      member('requestId', record.connectionId) +
      member('host', record.serverName) +
      member('protocol', 'TCP') +
      outcome +
      `,"durationMs":${millisecondsText(record.endedAt - record.startedAt)}` +
      `,"requestBytes":${record.receivedBytes},"responseBytes":${record.sentBytes},"attempts":${record.attempts}` +
      member('listener', listener?.name ?? '') +
      member('gateway', listener?.gateway ?? '') +
      member('route', record.route) +
      member('cluster', record.cluster?.name ?? '') +
      member('endpoint', record.endpoint) +
      member('authorization', record.authorization?.text ?? '') +
      member('reporter', record.hop?.reporter ?? '') +
      member('connectionSecurity', record.hop?.security ?? '') +
      member('sourcePrincipal', record.hop?.source.principal ?? '') +
      member('destinationPrincipal', record.hop?.destination.principal ?? '') +
      member('remoteAddress', peer.remoteAddress) +
      '}\n'
    );
  }
}
