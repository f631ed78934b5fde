/**
 * Every way in which an exchange can fail, once: what the caller is told and what the log says.
 * `docs/errors.md` is kept equal to this table by a test.
 */
export interface ErrorEntry {
  /** HTTP status of the answer; 499 is never sent (the caller has gone), only logged. */
  readonly status: number;
  /** gRPC status of the answer to a gRPC caller. */
  readonly grpcStatus: number;
  /** Response flag of the access log and of the metrics, in Envoy's letters. */
  readonly flag: string;
  /** RFC 9457 `title`: the same for every occurrence of the code. */
  readonly title: string;
  /** RFC 9457 `detail` where the occurrence has none of its own. */
  readonly detail: string;
  /** Whether the answer carries `Retry-After` (seconds), because the condition passes by itself. */
  readonly retryAfterSeconds?: number;
}

const entry = (
  status: number,
  grpcStatus: number,
  flag: string,
  title: string,
  detail: string,
  retryAfterSeconds?: number,
): ErrorEntry =>
  Object.freeze({
    status,
    grpcStatus,
    flag,
    title,
    detail,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });

export const ERROR_TABLE = Object.freeze({
  // What the caller sent.
  bad_request: entry(400, 3, 'DPE', 'Malformed request', 'The request does not follow HTTP and was not forwarded'),
  bad_path: entry(400, 3, 'DPE', 'Malformed path', 'The path of the request holds characters that are not allowed'),
  request_timeout: entry(408, 4, 'DT', 'Request timeout', 'The request did not arrive in time'),
  content_too_large: entry(413, 8, 'DPE', 'Content too large', 'The content of the request is larger than allowed'),
  target_too_long: entry(414, 3, 'DPE', 'Request target too long', 'The request target is longer than allowed'),
  expectation_failed: entry(417, 3, 'DPE', 'Expectation failed', 'Only the expectation 100-continue is supported'),
  misdirected_request: entry(421, 12, 'NR', 'Misdirected request', 'This connection does not serve the requested host'),
  fields_too_large: entry(
    431,
    8,
    'DPE',
    'Request fields too large',
    'The header section of the request is larger than allowed',
  ),
  method_not_supported: entry(
    405,
    12,
    'DPE',
    'Method not supported',
    'This listener does not support the method of the request',
  ),
  coding_not_supported: entry(
    501,
    12,
    'DPE',
    'Transfer coding not supported',
    'Only the transfer coding chunked is supported',
  ),
  version_not_supported: entry(
    505,
    12,
    'DPE',
    'HTTP version not supported',
    'This listener speaks HTTP/1.0 and HTTP/1.1',
  ),
  downstream_closed: entry(
    499,
    1,
    'DC',
    'Client closed the request',
    'The client went away before the response was complete',
  ),

  // What policies say of it.
  access_denied: entry(403, 7, 'UAEX', 'Access denied', 'A policy does not permit this request'),
  policy_invalid: entry(
    500,
    13,
    'NC',
    'Policy not usable',
    'A policy for this target cannot be enforced, so nothing passes it',
  ),

  // Where it should have gone.
  route_not_found: entry(404, 12, 'NR', 'No route', 'No route of this listener matches the request'),
  backend_invalid: entry(
    500,
    13,
    'NC',
    'Backend not usable',
    'The route names a backend that does not exist or that it may not use',
  ),
  filter_invalid: entry(500, 13, 'NC', 'Filter not usable', 'The route names a filter that does not exist'),
  egress_denied: entry(
    502,
    14,
    'NR',
    'Destination not permitted',
    'Workloads of this mesh may call its services and declared backends alone',
  ),
  no_healthy_upstream: entry(503, 14, 'UH', 'No healthy endpoint', 'No endpoint of the backend is ready', 1),
  upstream_overflow: entry(503, 14, 'UO', 'Backend overloaded', 'The backend has as many requests as it may have', 1),

  // What became of it there.
  upstream_connect_failed: entry(502, 14, 'UF', 'Backend unreachable', 'No connection to the backend could be made'),
  upstream_connect_timeout: entry(
    504,
    14,
    'UF',
    'Backend unreachable',
    'The backend did not accept a connection in time',
  ),
  upstream_tls_failed: entry(502, 14, 'UF', 'Backend not trusted', 'No secure connection to the backend could be made'),
  upstream_reset: entry(
    502,
    14,
    'UR',
    'Backend closed the connection',
    'The backend closed the connection before its response was complete',
  ),
  upstream_protocol_error: entry(
    502,
    13,
    'UPE',
    'Malformed response',
    'The response of the backend does not follow HTTP',
  ),
  upstream_timeout: entry(504, 4, 'UT', 'Backend timeout', 'The backend did not answer in time'),
  stream_idle_timeout: entry(504, 4, 'SI', 'Stream idle', 'Nothing moved on the exchange for too long'),

  // What this proxy did.
  draining: entry(503, 14, 'LR', 'Shutting down', 'This proxy is shutting down', 1),
  internal: entry(500, 13, 'LR', 'Internal error', 'The proxy failed; the request id finds the reason in its log'),
} satisfies Record<string, ErrorEntry>);

/** A stable name for one way to fail; part of the public interface (`code` in problem+json). */
export type ErrorCode = keyof typeof ERROR_TABLE;
