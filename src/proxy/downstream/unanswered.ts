import type { DownstreamStream } from '../exchange/exchange.ts';

/** Where nothing can be sent: for exchanges that only stand for something in logs and metrics. */
export const UNANSWERED: DownstreamStream = Object.freeze({
  inform: () => {},
  respond: () => {},
  write: () => true,
  end: () => {},
  abort: () => {},
});
