import type { Path } from '#model/field-path.ts';
import type { GRPCRouteFilter } from '#model/grpc-route.ts';
import type { HTTPRouteFilter } from '#model/http-route.ts';
import type {
  CorsSpec,
  FilterSpec,
  HeaderModifications,
  InvalidFilterSpec,
  PathModifier,
  RequestMirrorSpec,
  RequestRedirectSpec,
  UrlRewriteSpec,
} from '#model/snapshot/http-route.ts';
import type { RouteReferences } from './route-references.ts';

type Settings<K extends keyof HTTPRouteFilter> = NonNullable<HTTPRouteFilter[K]>;

/** Compiles the filters of a rule or of one of its backends, in their order. */
export function compileFilters(
  filters: readonly (HTTPRouteFilter | GRPCRouteFilter)[],
  path: Path,
  references: RouteReferences,
): readonly FilterSpec[] {
  return filters.map((filter, i) => compileFilter(filter, [...path, i], references));
}

function compileFilter(filter: HTTPRouteFilter | GRPCRouteFilter, path: Path, references: RouteReferences): FilterSpec {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return { type: filter.type, ...modifications(filter.requestHeaderModifier) };
    case 'ResponseHeaderModifier':
      return { type: filter.type, ...modifications(filter.responseHeaderModifier) };
    case 'RequestRedirect':
      return redirect(filter.requestRedirect);
    case 'URLRewrite':
      return rewrite(filter.urlRewrite);
    case 'RequestMirror':
      return mirror(filter.requestMirror, [...path, 'requestMirror', 'backendRef'], references);
    case 'CORS':
      return corsSpec(filter.cors);
    case 'ExtensionRef':
      return invalid(filter.extensionRef, [...path, 'extensionRef'], references);
  }
}

/** Nothing can be referred to yet. To leave the filter out could let requests pass that it should have stopped. */
function invalid(
  { group, kind }: Settings<'extensionRef'>,
  path: Path,
  references: RouteReferences,
): InvalidFilterSpec {
  const reason = `no filter of kind ${kind} of group ${group || '""'} is known`;
  references.refuse(path, { reason: 'InvalidKind', message: reason });
  return { type: 'Invalid', reason };
}

function modifications({ set, add, remove }: Settings<'requestHeaderModifier'>): HeaderModifications {
  return {
    set: set.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    add: add.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    remove: remove.map((name) => name.toLowerCase()),
  };
}

function redirect({ scheme, hostname, path, port, statusCode }: Settings<'requestRedirect'>): RequestRedirectSpec {
  return {
    type: 'RequestRedirect',
    scheme: scheme ?? null,
    hostname: hostname ?? null,
    path: pathModifier(path),
    port: port ?? null,
    statusCode,
  };
}

function rewrite({ hostname, path }: Settings<'urlRewrite'>): UrlRewriteSpec {
  return { type: 'URLRewrite', hostname: hostname ?? null, path: pathModifier(path) };
}

function pathModifier(declared: Settings<'urlRewrite'>['path']): PathModifier | null {
  if (declared === undefined) return null;
  const { type, replaceFullPath, replacePrefixMatch } = declared;
  return { type, value: (type === 'ReplaceFullPath' ? replaceFullPath : replacePrefixMatch) ?? '' };
}

/** A mirror that leads nowhere mirrors nothing; the request itself goes on, since its answer never depended on the copy. */
function mirror(
  { backendRef, percent, fraction }: Settings<'requestMirror'>,
  path: Path,
  references: RouteReferences,
): RequestMirrorSpec {
  const numerator = fraction?.numerator ?? percent ?? 100;
  const denominator = fraction?.denominator ?? 100;
  const cluster = references.resolve(backendRef, path);
  const authorization = references.protection?.levelsOfBackend(backendRef) ?? [];
  return { type: 'RequestMirror', cluster, numerator, denominator, ...(authorization.length > 0 && { authorization }) };
}

function corsSpec(declared: Settings<'cors'>): CorsSpec {
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, allowCredentials, maxAge } = declared;
  return {
    type: 'CORS',
    allowOrigins,
    allowMethods,
    allowHeaders,
    exposeHeaders,
    allowCredentials,
    maxAgeSeconds: maxAge,
  };
}
