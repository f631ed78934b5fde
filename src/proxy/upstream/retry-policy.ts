import type { ProxyError } from '#errors/proxy-error.ts';

/** Attempts beyond the first (conventions, Istio). */
export const MAX_RETRIES = 2;
/** First and longest wait before a retry, in milliseconds (Envoy). */
const BASE_DELAY_MS = 25;
const MAX_DELAY_MS = 250;

/**
 * Whether the request may be sent again after `error`: always if it cannot have reached the application, and if it may
 * have, only where a repetition changes nothing (RFC 9110 §9.2.2).
 */
export const isRetriable = (error: ProxyError, method: string): boolean =>
  error.retry === 'always' || (error.retry === 'idempotent' && isIdempotent(method));

/**
 * How long to wait before retry number `retry`. None behind a connection that had gone stale, since that says nothing
 * of the endpoint; else a random part of a wait that doubles, so that clients that failed together do not come back
 * together.
 */
export const retryDelayMs = (error: ProxyError, retry: number): number =>
  error.retry === 'idempotent' ? 0 : Math.random() * Math.min(BASE_DELAY_MS * 2 ** (retry - 1), MAX_DELAY_MS);

const isIdempotent = (method: string): boolean => {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
      return true;
    default:
      return false;
  }
};
