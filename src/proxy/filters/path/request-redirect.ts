import { Fields } from '#http/fields.ts';
import type { Scheme } from '#http/head.ts';
import type { RequestRedirectSpec } from '#model/snapshot/http-route.ts';
import type { Answer } from '../../exchange/answer.ts';
import type { Exchange, Filter } from '../../exchange/exchange.ts';
import { compilePathRewrite, rewritePath, type PathRewrite } from './path-rewrite.ts';

const WELL_KNOWN_PORT: Readonly<Record<Scheme, number>> = { http: 80, https: 443 };

/** Answers with where else to go: what is not told stays as the client asked, the query always. */
export class RequestRedirect implements Filter {
  readonly name = 'RequestRedirect';
  readonly #spec: RequestRedirectSpec;
  readonly #path: PathRewrite | null;

  /** @param spec its hostname is a valid authority, or null */
  constructor(spec: RequestRedirectSpec) {
    this.#spec = spec;
    this.#path = spec.path === null ? null : compilePathRewrite(spec.path);
  }

  onRequest(exchange: Exchange): Answer {
    const fields = new Fields(['location', this.#location(exchange)]);
    return { status: this.#spec.statusCode, fields, body: null };
  }

  #location(exchange: Exchange): string {
    const { request, host, routedPath } = exchange;
    const path = this.#path === null ? request.path : rewritePath(this.#path, routedPath, exchange.matchedPrefixLength);
    const target = (path === '*' ? '/' : path) + request.query; // `OPTIONS *` has no path that a reference could hold
    const hostname = this.#spec.hostname ?? host;
    // HTTP/1.0 without Host: a reference relative to whatever the client believes to have asked. Two slashes at its
    // beginning would name a host (RFC 3986 §4.2).
    if (hostname === '') return target.startsWith('//') ? `/.${target}` : target;
    const scheme = this.#spec.scheme ?? request.scheme;
    const port = this.#port(exchange, scheme);
    return port === WELL_KNOWN_PORT[scheme]
      ? `${scheme}://${hostname}${target}`
      : `${scheme}://${hostname}:${port}${target}`;
  }

  /** Gateway API, HTTPRequestRedirectFilter.port: a new scheme brings its port with it, otherwise the listener's stays. */
  #port(exchange: Exchange, scheme: Scheme): number {
    if (this.#spec.port !== null) return this.#spec.port;
    if (this.#spec.scheme !== null) return WELL_KNOWN_PORT[scheme];
    return exchange.listener?.port ?? exchange.peer.localPort;
  }
}
