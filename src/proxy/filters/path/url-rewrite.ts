import type { UrlRewriteSpec } from '#model/snapshot/http-route.ts';
import type { Exchange, Filter } from '../../exchange/exchange.ts';
import { compilePathRewrite, rewritePath, type PathRewrite } from './path-rewrite.ts';

/**
 * Changes the host and the path that the backend sees; the query stays. A port in the request's authority goes with
 * its host: it was that of the gateway.
 */
export class UrlRewrite implements Filter {
  readonly name = 'URLRewrite';
  readonly #hostname: string | null;
  readonly #path: PathRewrite | null;

  /** @param hostname a valid authority, or null */
  constructor(hostname: string | null, path: UrlRewriteSpec['path']) {
    this.#hostname = hostname;
    this.#path = path === null ? null : compilePathRewrite(path);
  }

  onRequest(exchange: Exchange): undefined {
    const request = exchange.request;
    if (this.#hostname !== null) request.authority = this.#hostname;
    if (this.#path !== null) request.path = rewritePath(this.#path, exchange.routedPath, exchange.matchedPrefixLength);
  }
}
