import type {
  BackendRef,
  HttpRouteMatch,
  HttpRouteResource,
  HttpRouteRule,
  RouteAttachment,
  RouteTimeouts,
  ValueMatch,
} from '../http-route.ts';
import type { StreamRouteResource } from '../stream-route.ts';
import { type Check, fields, list, number, oneOf, orNull, text } from './check.ts';
import { filters } from './filter-shapes.ts';

const attachments = list(fields<RouteAttachment>({ listener: text, hostnames: list(text) }));

const backends = list(fields<BackendRef>({ cluster: orNull(text), weight: number, filters }));

const valueMatches = list(fields<ValueMatch>({ name: text, type: oneOf('Exact', 'RegularExpression'), value: text }));

const match = fields<HttpRouteMatch>({
  path: fields<HttpRouteMatch['path']>({ type: oneOf('Exact', 'PathPrefix', 'RegularExpression'), value: text }),
  method: text,
  headers: valueMatches,
  queryParams: valueMatches,
});

const rule = fields<HttpRouteRule>({
  name: text,
  matches: list(match),
  filters,
  backends,
  timeouts: fields<RouteTimeouts>({ requestMs: orNull(number), backendRequestMs: orNull(number) }),
});

export const httpRoute: Check = fields<HttpRouteResource>({
  type: text,
  name: text,
  version: text,
  createdAtMs: number,
  attachments,
  rules: list(rule),
});

export const streamRoute: Check = fields<StreamRouteResource>({
  type: text,
  name: text,
  version: text,
  createdAtMs: number,
  attachments,
  backends,
});
