/** One field of a line of the access log, as docs/access-log.md says it. */
export interface AccessLogField {
  readonly name: string;
  readonly type: 'string' | 'number';
  /** When the field is there; a field with nothing to say is left out. */
  readonly when: string;
  readonly meaning: string;
}

const field = (name: string, type: 'string' | 'number', when: string, meaning: string): AccessLogField =>
  Object.freeze({ name, type, when, meaning });

/** The fields in the order in which they stand in a line. */
export const ACCESS_LOG_FIELDS: readonly AccessLogField[] = Object.freeze([
  field('time', 'string', 'always', 'When the request began, RFC 3339 in UTC with milliseconds'),
  field('requestId', 'string', 'always', 'The `x-request-id` that both sides see'),
  field('method', 'string', 'always', 'Method of the request'),
  field('host', 'string', 'always', 'Host that was routed on: lower case, without port'),
  field('path', 'string', 'always', 'The request target as it came, with its query; secrets redacted (see below)'),
  field('protocol', 'string', 'always', '`HTTP/1.0`, `HTTP/1.1` or `HTTP/2`, as the client speaks it'),
  field('status', 'number', 'always', 'Status that went to the client; 499 where the client left before there was one'),
  field(
    'flags',
    'string',
    'always',
    'Response flag, as in Envoy (see [errors](errors.md)); `-` where nothing went wrong',
  ),
  field('errorCode', 'string', 'when the exchange failed', 'Code of the failure (see [errors](errors.md))'),
  field('cause', 'string', 'when it is known', 'What was behind the failure; never sent to the client'),
  field('durationMs', 'number', 'always', 'From the first byte of the request to the last byte of the response'),
  field(
    'upstreamMs',
    'number',
    'when an endpoint answered',
    'From the start of the last attempt to the head of its response',
  ),
  field(
    'proxyMs',
    'number',
    'when an endpoint answered',
    'The rest of `durationMs`: what the proxy did, earlier attempts, moving the contents',
  ),
  field('grpcStatus', 'number', 'when the request was gRPC', 'Status that a gRPC caller got, 0 to 16'),
  field('requestBytes', 'number', 'always', 'Content of the request, in octets'),
  field('responseBytes', 'number', 'always', 'Content of the response, in octets'),
  field(
    'attempts',
    'number',
    'always',
    'Attempts to reach an endpoint; more than one after a retry, 0 where none was made',
  ),
  field('listener', 'string', 'when the host had one', '`<namespace>/<gateway>/<listener>`'),
  field('gateway', 'string', 'when the host had a listener', '`<namespace>/<gateway>`'),
  field('route', 'string', 'when a rule matched', '`<kind>/<namespace>/<name>`'),
  field('rule', 'string', 'when a rule matched', "The rule's name, or `rule-<index>`"),
  field(
    'cluster',
    'string',
    'when a backend was chosen',
    '`Service/<namespace>/<name>:<port>` or `Backend/<namespace>/<name>`',
  ),
  field('endpoint', 'string', 'when one was chosen', '`address:port` of the last attempt'),
  field(
    'authorization',
    'string',
    'when a policy decided',
    '`allowed`, `denied`, `would-deny` (audited) or `broken`, the policy, and its rule (or `no-rule`, `exempt-path`)',
  ),
  field(
    'reporter',
    'string',
    'in the mesh',
    'Which of the two proxies wrote the line: `source`, beside the caller, or `destination`, beside the called',
  ),
  field(
    'connectionSecurity',
    'string',
    'in the mesh',
    '`mutual_tls` where both sides have shown who they are, else `none`',
  ),
  field('sourcePrincipal', 'string', 'in the mesh, when it is known', 'SPIFFE id of the caller'),
  field(
    'destinationPrincipal',
    'string',
    'in the mesh, when it is known',
    'SPIFFE id of the called; at the caller, what its certificate had to carry',
  ),
  field('remoteAddress', 'string', 'always', 'IP address of the peer of the connection'),
  field('userAgent', 'string', 'when it was sent', 'The `user-agent` field'),
  field('referer', 'string', 'when it was sent', 'The `referer` field; secrets redacted'),
  field(
    'traceId',
    'string',
    'when a valid `traceparent` was sent',
    'Trace id of W3C Trace Context, 32 hexadecimal digits',
  ),
]);
