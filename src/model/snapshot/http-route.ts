import type { AuthorizationLevels } from './authorization.ts';

/** One `HTTPRoute` or `GRPCRoute`, compiled: defaults filled in, references resolved, attached to listeners. */
export interface HttpRouteResource {
  readonly type: 'http-route';
  /** `<kind>/<namespace>/<name>`; several of one object have a `#` and what tells them apart behind it. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970; 0 where undeclared. Older routes win ties (Gateway API, HTTPRouteMatch precedence). */
  readonly createdAtMs: number;
  readonly attachments: readonly RouteAttachment[];
  readonly rules: readonly HttpRouteRule[];
}

/** A route's place at one listener. */
export interface RouteAttachment {
  /** Name of the listener resource. */
  readonly listener: string;
  /** Intersection of the route's and the listener's host names: exact, `*.example.com`, or `*`; never empty. */
  readonly hostnames: readonly string[];
}

export interface HttpRouteRule {
  /** Its declared name, or `rule-<index>`. */
  readonly name: string;
  /** Any one matches; never empty. */
  readonly matches: readonly HttpRouteMatch[];
  readonly filters: readonly FilterSpec[];
  /** Empty only where a filter answers by itself. */
  readonly backends: readonly BackendRef[];
  readonly timeouts: RouteTimeouts;
}

export interface HttpRouteMatch {
  readonly path: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string };
  /** '' for any. */
  readonly method: string;
  /** All must match; names lower case. */
  readonly headers: readonly ValueMatch[];
  /** All must match. */
  readonly queryParams: readonly ValueMatch[];
}

export interface ValueMatch {
  readonly name: string;
  readonly type: 'Exact' | 'RegularExpression';
  readonly value: string;
}

export interface BackendRef {
  /** Name of a cluster resource; null where the reference is broken or not permitted: its share is answered 500. */
  readonly cluster: string | null;
  /** ≥ 0; relative to the rule's other backends. */
  readonly weight: number;
  readonly filters: readonly FilterSpec[];
}

export interface RouteTimeouts {
  /** `timeouts.request`: until the response is complete; null where undeclared (a default applies), 0 for none. */
  readonly requestMs: number | null;
  /** `timeouts.backendRequest`: per attempt; null where undeclared, 0 for none. */
  readonly backendRequestMs: number | null;
}

/** What a filter was told, in the standard's words. */
export type FilterSpec =
  | RequestHeaderModifierSpec
  | ResponseHeaderModifierSpec
  | RequestRedirectSpec
  | UrlRewriteSpec
  | RequestMirrorSpec
  | CorsSpec
  | AuthorizationSpec
  | InvalidFilterSpec;

export interface HeaderModifications {
  /** Names lower case. */
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly add: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

export interface RequestHeaderModifierSpec extends HeaderModifications {
  readonly type: 'RequestHeaderModifier';
}

export interface ResponseHeaderModifierSpec extends HeaderModifications {
  readonly type: 'ResponseHeaderModifier';
}

export type PathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly value: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly value: string };

export interface RequestRedirectSpec {
  readonly type: 'RequestRedirect';
  /** Null keeps the request's. */
  readonly scheme: 'http' | 'https' | null;
  readonly hostname: string | null;
  readonly path: PathModifier | null;
  /** Null: the scheme's well-known port where a scheme is given, else the listener's. */
  readonly port: number | null;
  readonly statusCode: 301 | 302 | 303 | 307 | 308;
}

export interface UrlRewriteSpec {
  readonly type: 'URLRewrite';
  readonly hostname: string | null;
  readonly path: PathModifier | null;
}

export interface RequestMirrorSpec {
  readonly type: 'RequestMirror';
  readonly cluster: string | null;
  /** Share of requests that are mirrored: numerator / denominator. */
  readonly numerator: number;
  readonly denominator: number;
  /** The authorization policies of the Service that gets the copies; absent for none. */
  readonly authorization?: AuthorizationLevels;
}

export interface CorsSpec {
  readonly type: 'CORS';
  /** Origins: exact, `https://*.example.com`, or `*`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds: number;
}

/** The authorization policies of a route and a rule, or of the Service behind a backend. */
export interface AuthorizationSpec {
  readonly type: 'Authorization';
  readonly levels: AuthorizationLevels;
}

/** A filter that could not be resolved: requests that reach it are answered 500, they never pass without it. */
export interface InvalidFilterSpec {
  readonly type: 'Invalid';
  readonly reason: string;
}
