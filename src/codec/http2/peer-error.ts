import { ProxyError, type ErrorScope } from '#errors/proxy-error.ts';
import { errorCodeName, REFUSED_STREAM } from './error-code.ts';
import type { Fault } from './fault.ts';

/* What a peer's doing is called outside of this codec. */

/** The peer has broken a rule. @param byClient whether the peer is a client, who then is told what */
export function violation(fault: Fault, byClient: boolean, scope: ErrorScope): ProxyError {
  const cause = fault.cause;
  return byClient
    ? new ProxyError(fault.code, 'downstream', scope, { cause })
    : new ProxyError('upstream_protocol_error', 'upstream', scope, { cause });
}

/** The peer has reset a stream. Only `REFUSED_STREAM` promises that nothing was done (RFC 9113 §8.7). */
export function peerReset(code: number, byClient: boolean): ProxyError {
  const cause = `reset by the peer: ${errorCodeName(code)}`;
  if (byClient) return new ProxyError('downstream_closed', 'downstream', 'stream', { cause });
  return new ProxyError('upstream_reset', 'upstream', 'stream', {
    cause,
    retry: code === REFUSED_STREAM ? 'always' : 'never',
  });
}

/** The server has not touched the stream and never will (RFC 9113 §6.8, §8.7). @param code of its GOAWAY */
export function beyondGoAway(code: number): ProxyError {
  const cause = `beyond the last stream of GOAWAY: ${errorCodeName(code)}`;
  return new ProxyError('upstream_reset', 'upstream', 'stream', { cause, retry: 'always' });
}

/** This side has ended the connection. */
export function closedHere(code: number): ProxyError {
  return new ProxyError('draining', 'local', 'connection', { cause: `closed: ${errorCodeName(code)}` });
}
