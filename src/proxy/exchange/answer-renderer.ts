import { encodeGrpcMessage } from '#codec/grpc/message.ts';
import { grpcFormOf } from '#codec/grpc/media-type.ts';
import { ERROR_TABLE, type ErrorEntry } from '#errors/error-table.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import { preferredMediaType } from '#http/accept.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead, type RequestHead } from '#http/head.ts';
import type { Answer } from './answer.ts';

/** Where each code is explained: the `type` of its problems (RFC 9457 §3.1.1). Part of the public interface. */
export const ERROR_TYPE_BASE = 'https://selvage.dev/errors/';

/** First the one that is sent to whoever accepts anything. A client that knows JSON alone gets a problem all the same. */
const MEDIA_TYPES = ['application/problem+json', 'application/json', 'text/html', 'text/plain'];

/** RFC 9110 §15.5.6 wants `Allow` with every 405. This proxy forwards all methods but CONNECT and TRACE. */
const FORWARDED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** What the renderer must know of an exchange. */
export interface FailedExchange {
  readonly request: RequestHead;
  readonly requestId: string;
}

/**
 * Renders the answer to a caller whose request failed: RFC 9457 problem details, or HTML or plain text where the caller
 * would rather have that, or the status of a gRPC call. It says what the error table says and nothing of the cause.
 */
export function renderError(error: ProxyError, exchange: FailedExchange): Answer {
  const entry: ErrorEntry = ERROR_TABLE[error.code];
  const detail = error.detail === '' ? entry.detail : error.detail;
  const grpc = grpcFormOf(exchange.request.fields.first('content-type'));
  if (grpc !== null) return renderGrpc(entry, detail, `application/${grpc}`);
  const accepted = preferredMediaType(exchange.request.fields.get('accept'), MEDIA_TYPES);
  const fields = new Fields(['content-type', contentType(accepted), 'cache-control', 'no-store']);
  if (entry.retryAfterSeconds !== undefined) fields.append('retry-after', String(entry.retryAfterSeconds));
  if (entry.status === 405) fields.append('allow', FORWARDED_METHODS);
  return { status: entry.status, fields, body: renderBody(accepted, error, entry, detail, exchange) };
}

/**
 * Makes the head that an answer goes out with. To HEAD, it tells the length that GET would get, and no content
 * follows (RFC 9110 §9.3.2).
 * @returns a head whose `bodyLength` is 0 exactly where the answer's body must not be written
 */
export function createAnswerHead(answer: Answer, method: string): ResponseHead {
  const length = answer.body === null ? 0 : Buffer.byteLength(answer.body);
  const head = new ResponseHead(answer.status, answer.fields, method === 'HEAD' ? 0 : length);
  if (method === 'HEAD') head.declaredLength = length;
  return head;
}

function contentType(accepted: string | undefined): string {
  switch (accepted) {
    case 'text/html':
      return 'text/html; charset=utf-8';
    case 'text/plain':
      return 'text/plain; charset=utf-8';
    default:
      return 'application/problem+json';
  }
}

function renderBody(
  accepted: string | undefined,
  { code, policy }: ProxyError,
  entry: ErrorEntry,
  detail: string,
  exchange: FailedExchange,
): string {
  switch (accepted) {
    case 'text/html':
      return renderHtml(code, entry, detail, exchange.requestId);
    case 'text/plain':
      return `${entry.status} ${entry.title}\n${detail}\ncode: ${code}\n${policy === '' ? '' : `policy: ${policy}\n`}request: ${exchange.requestId}\n`;
    default:
      return renderProblem(code, policy, entry, detail, exchange);
  }
}

function renderProblem(
  code: string,
  policy: string,
  entry: ErrorEntry,
  detail: string,
  exchange: FailedExchange,
): string {
  const traceId = parseTraceId(exchange.request.fields.first('traceparent'));
  const problem = {
    type: ERROR_TYPE_BASE + code,
    title: entry.title,
    status: entry.status,
    detail,
    code,
    ...(policy === '' ? {} : { policy }),
    trace: { requestId: exchange.requestId, ...(traceId === undefined ? {} : { traceId }) },
  };
  return `${JSON.stringify(problem)}\n`;
}

function renderHtml(code: string, entry: ErrorEntry, detail: string, requestId: string): string {
  const heading = `${entry.status} ${escapeHtml(entry.title)}`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${heading}</title></head>
<body>
<h1>${heading}</h1>
<p>${escapeHtml(detail)}</p>
<p><small>${escapeHtml(code)} · ${escapeHtml(requestId)}</small></p>
</body>
</html>
`;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character]!);
}

/** @returns the trace id of a `traceparent` field; undefined where it is not well-formed (W3C Trace Context §3.2.2) */
function parseTraceId(traceparent: string | undefined): string | undefined {
  return traceparent === undefined
    ? undefined
    : /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1];
}

// ── gRPC ──

/** Trailers-only: head and trailers in one, with 200, since gRPC's own status is what counts. */
function renderGrpc(entry: ErrorEntry, detail: string, type: string): Answer {
  return { status: 200, fields: new Fields(['content-type', type, ...grpcFields(entry, detail)]), body: null };
}

/** What ends a gRPC response that had begun when the exchange failed. */
export function renderGrpcTrailers(error: ProxyError): Fields {
  const entry: ErrorEntry = ERROR_TABLE[error.code];
  return new Fields(grpcFields(entry, error.detail === '' ? entry.detail : error.detail));
}

function grpcFields(entry: ErrorEntry, detail: string): string[] {
  return ['grpc-status', String(entry.grpcStatus), 'grpc-message', encodeGrpcMessage(detail)];
}
