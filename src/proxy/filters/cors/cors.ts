import { Fields } from '#http/fields.ts';
import type { ResponseHead } from '#http/head.ts';
import type { CorsSpec } from '#model/snapshot/http-route.ts';
import type { Answer } from '../../exchange/answer.ts';
import type { Exchange, Filter, Verdict } from '../../exchange/exchange.ts';
import { OriginMatcher } from './origin-matcher.ts';

const ANY = '*';
/** All that the answer to a preflight depends on (Fetch, "CORS protocol and HTTP caches"). */
const PREFLIGHT_VARY = 'origin, access-control-request-method, access-control-request-headers';

/**
 * Lets pages of other origins read responses (Fetch, "CORS protocol"; Gateway API, HTTPCORSFilter). Preflights are
 * answered here and never reach the backend; on all other responses, what the backend says of CORS is replaced.
 *
 * Where a `*` is configured, the request's own value is returned in its place: browsers do not take `*` as a wildcard
 * for requests with credentials, nor ever for the field `Authorization`.
 */
export class Cors implements Filter {
  readonly name = 'CORS';
  readonly #origins: OriginMatcher;
  readonly #allowCredentials: boolean;
  /** null: whatever the preflight asks for. */
  readonly #allowMethods: string | null;
  readonly #allowHeaders: string | null;
  /** null: all fields of the response, by name. */
  readonly #exposeHeaders: string | null;
  readonly #maxAge: string;
  /**
   * Origins that matched, of exchanges without a response. The request cannot be asked again: a later filter may have
   * taken `Origin` away from the backend, and then the response must say no less.
   */
  readonly #matched = new WeakMap<Exchange, string>();

  constructor(spec: CorsSpec) {
    this.#origins = new OriginMatcher(spec.allowOrigins);
    this.#allowCredentials = spec.allowCredentials;
    this.#allowMethods = listOrAny(spec.allowMethods);
    this.#allowHeaders = listOrAny(spec.allowHeaders);
    const exposed = listOrAny(spec.exposeHeaders);
    // `*` is a wildcard to browsers for responses to requests without credentials only.
    this.#exposeHeaders = exposed === null && !spec.allowCredentials ? ANY : exposed;
    this.#maxAge = String(spec.maxAgeSeconds);
  }

  onRequest(exchange: Exchange): Verdict {
    const { method, fields } = exchange.request;
    const origin = fields.first('origin');
    if (origin === undefined) return undefined;
    const matches = this.#origins.matches(origin);
    if (method === 'OPTIONS') {
      const requestedMethod = fields.first('access-control-request-method');
      if (requestedMethod !== undefined) return this.#answerPreflight(fields, matches ? origin : null, requestedMethod);
    }
    if (matches) this.#matched.set(exchange, origin);
    return undefined;
  }

  onResponse(exchange: Exchange, response: ResponseHead): void {
    const fields = response.fields;
    removeCorsFields(fields);
    mergeVary(fields);
    const origin = this.#matched.get(exchange);
    if (origin === undefined) return;
    this.#allow(fields, origin);
    const exposed = this.#exposeHeaders ?? fieldNames(fields);
    if (exposed !== '') fields.append('access-control-expose-headers', exposed);
  }

  /**
   * 200 rather than 204: the standard permits both, but some of its conformance tests take only 200. An origin that is
   * not allowed gets the same without permission; its browser then stops there.
   */
  #answerPreflight(request: Fields, origin: string | null, requestedMethod: string): Answer {
    const fields = new Fields(['vary', PREFLIGHT_VARY]);
    if (origin !== null) {
      this.#allow(fields, origin);
      appendUnlessEmpty(fields, 'access-control-allow-methods', this.#allowMethods ?? requestedMethod);
      const requestedHeaders = request.get('access-control-request-headers') ?? '';
      appendUnlessEmpty(fields, 'access-control-allow-headers', this.#allowHeaders ?? requestedHeaders);
      appendUnlessEmpty(fields, 'access-control-expose-headers', this.#exposeHeaders ?? '');
      fields.append('access-control-max-age', this.#maxAge);
    }
    return { status: 200, fields, body: null };
  }

  #allow(fields: Fields, origin: string): void {
    fields.append('access-control-allow-origin', origin);
    if (this.#allowCredentials) fields.append('access-control-allow-credentials', 'true');
  }
}

/** @returns null where the list holds `*` */
function listOrAny(values: readonly string[]): string | null {
  return values.includes(ANY) ? null : values.join(', ');
}

function appendUnlessEmpty(fields: Fields, name: string, value: string): void {
  if (value !== '') fields.append(name, value);
}

/** What the backend allows must not widen what the route allows. */
function removeCorsFields(fields: Fields): void {
  const entries = fields.entries;
  let kept = 0;
  for (let i = 0; i < entries.length; i += 2) {
    if (entries[i]!.startsWith('access-control-')) continue;
    if (kept !== i) {
      entries[kept] = entries[i]!;
      entries[kept + 1] = entries[i + 1]!;
    }
    kept += 2;
  }
  if (kept !== entries.length) entries.length = kept;
}

/** Says that the response depends on the origin, also to requests without one: a cache may hold this response for all. */
function mergeVary(fields: Fields): void {
  const vary = fields.get('vary');
  if (vary === undefined) fields.append('vary', 'origin');
  else if (!listIncludes(vary.toLowerCase(), 'origin')) fields.set('vary', `${vary}, origin`);
}

/** @returns whether the list holds the name, or `*`, which covers it */
function listIncludes(list: string, name: string): boolean {
  return list.split(',').some((element) => element.trim() === name || element.trim() === ANY);
}

/** Names of all fields that a page may be shown; cookies never are (Fetch, "forbidden response-header name"). */
function fieldNames(fields: Fields): string {
  const names = new Set<string>();
  for (let i = 0; i < fields.entries.length; i += 2) names.add(fields.entries[i]!);
  names.delete('set-cookie');
  for (const name of names) if (name.startsWith('access-control-')) names.delete(name);
  return [...names].join(', ');
}
