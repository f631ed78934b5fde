import type { StreamRecord } from '#telemetry/stream-record.ts';
import type { Exchange } from '../exchange/exchange.ts';

/** Describes a CONNECT that was accepted as what it was: not a request, but a byte stream. */
export const describeTunnel = (exchange: Exchange): StreamRecord => ({
  connectionId: exchange.requestId,
  peer: exchange.peer,
  listener: exchange.listener,
  hop: exchange.hop,
  route: exchange.rule?.route ?? '',
  cluster: exchange.cluster,
  endpoint: exchange.endpoint,
  authorization: exchange.authorization,
  attempts: exchange.attempts,
  error: exchange.error,
  serverName: exchange.host,
  receivedBytes: exchange.requestBytes,
  sentBytes: exchange.responseBytes,
  startedAt: exchange.startedAt,
  endedAt: exchange.endedAt,
});
