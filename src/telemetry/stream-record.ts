import type { ProxyError } from '#errors/proxy-error.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** What telemetry reads of a connection that was passed on as it is, when it has ended. */
export interface StreamRecord {
  /** UUIDv7. */
  readonly connectionId: string;
  readonly peer: ExchangeRecord['peer'];
  readonly listener: ExchangeRecord['listener'];
  /** Between whom it went in the mesh; null or absent outside. */
  readonly hop?: ExchangeRecord['hop'];
  /** `<kind>/<namespace>/<name>`, or '' where no route took it. */
  readonly route: string;
  readonly cluster: ExchangeRecord['cluster'];
  /** `address:port` of the endpoint of the last attempt, or ''. */
  readonly endpoint: string;
  /** What authorization policies decided; null or absent where none did. */
  readonly authorization?: ExchangeRecord['authorization'];
  readonly attempts: number;
  readonly error: ProxyError | null;
  /** Server name indication, or ''. */
  readonly serverName: string;
  /** Octets from the client. */
  readonly receivedBytes: number;
  /** Octets to the client. */
  readonly sentBytes: number;
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number;
  readonly endedAt: number;
}
