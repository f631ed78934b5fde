import type { DownstreamPeer } from '../../exchange/exchange.ts';
import type { Decision } from './decision.ts';
import { JudgedRequest } from './judged-request.ts';
import { judge } from './judgement.ts';
import type { PolicyLevel } from './policy-slot.ts';

/** One for all: nothing is judged while something is. */
const judged = new JudgedRequest();

/** What is asked where nobody asks by HTTP: to be connected. */
const CONNECT = Object.freeze({ method: 'CONNECT' });

/**
 * Judges connections that are passed on as they are, by who connects and to which port. As a request to be connected that
 * names no host and no path: what is asked of these never permits it.
 */
export class StreamAuthorization {
  readonly #levels: readonly PolicyLevel[];

  constructor(levels: readonly PolicyLevel[]) {
    this.#levels = levels;
  }

  /** @param port that the peer asks for @returns what was decided; null where no policy has anything to say */
  judge(peer: DownstreamPeer, port: number): Decision | null {
    judged.begin({ peer, clientAddress: peer.remoteAddress, request: CONNECT }, '', '', port);
    return judge(this.#levels, judged);
  }
}
