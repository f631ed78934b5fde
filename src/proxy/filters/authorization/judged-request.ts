import type { DownstreamPeer } from '../../exchange/exchange.ts';
import { principalOf, type PeerPrincipal } from './peer-principal.ts';
import { foldPath } from './folded-path.ts';

/** What is read of an exchange. */
export interface Judged {
  readonly peer: DownstreamPeer;
  readonly clientAddress: string;
  readonly request: { readonly method: string };
}

/**
 * A request as policies see it. One object for all requests of a thread: judging one never pauses, and what it costs to
 * find out is found out at most once for all policies.
 */
export class JudgedRequest {
  exchange!: Judged;
  host = '';
  path = '';
  /** 0 where it is not known. */
  port = 0;
  #folded: string | null = null;
  #principal: PeerPrincipal | null | undefined;

  /** @param host without port, lower case @param path in normal form */
  begin(exchange: Judged, host: string, path: string, port: number): void {
    this.exchange = exchange;
    this.host = host;
    this.path = path;
    this.port = port;
    this.#folded = null;
    this.#principal = undefined;
  }

  /** Who asks; null for nobody. */
  get principal(): PeerPrincipal | null {
    if (this.#principal === undefined) this.#principal = principalOf(this.exchange.peer);
    return this.#principal;
  }

  /** The path as lenient servers may read it. */
  get foldedPath(): string {
    return (this.#folded ??= foldPath(this.path));
  }
}
