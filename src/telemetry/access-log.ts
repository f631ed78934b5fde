import { AccessLogLine } from './access-log-line.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { LineWriter, type LineTarget } from './line-writer.ts';
import { StreamLogLine } from './stream-log-line.ts';
import type { StreamRecord } from './stream-record.ts';

/** Where the access log goes. */
export type AccessLogTarget = LineTarget | { readonly type: 'none' };

/** Options of an {@link AccessLog}. */
export interface AccessLogOptions {
  /** Told in one sentence when writing begins to fail. @defaultValue standard error */
  readonly warn?: (message: string) => void;
  /** What waits for a slow sink at most; further lines are dropped. @defaultValue 4 MiB */
  readonly maxQueuedBytes?: number;
}

/**
 * One JSON line for each exchange (docs/access-log.md). Never blocks, never throws and is never waited for: a sink that
 * does not keep up loses lines, and they are counted.
 */
export class AccessLog {
  readonly #line = new AccessLogLine();
  readonly #streamLine = new StreamLogLine();
  readonly #writer: LineWriter | null;

  constructor(target: AccessLogTarget, options: AccessLogOptions = {}) {
    const warn = options.warn ?? ((message): void => void process.stderr.write(`${message}\n`));
    this.#writer = target.type === 'none' ? null : new LineWriter(target, { ...options, warn });
  }

  /** Lines that were lost. */
  get dropped(): number {
    return this.#writer?.dropped ?? 0;
  }

  /** Logs an exchange that has ended. */
  record(record: ExchangeRecord): void {
    if (this.#writer !== null) this.#writer.append(this.#line.format(record));
  }

  /** Logs a connection that was passed on as it is and has ended. */
  recordStream(record: StreamRecord): void {
    if (this.#writer !== null) this.#writer.append(this.#streamLine.format(record));
  }

  /** @returns when everything recorded so far is written or dropped; never rejects */
  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  /** Opens the file by its name again, for SIGHUP after a log rotation. */
  reopen(): void {
    this.#writer?.reopen();
  }

  /** Writes what is left and closes. */
  async close(): Promise<void> {
    await this.#writer?.close();
  }
}
