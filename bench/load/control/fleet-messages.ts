// What the bench and a process of simulated proxies say to each other.

import type { Identities } from './identities.ts';
import type { Size } from './population.ts';

export type FleetRequest =
  | {
      readonly type: 'start';
      readonly port: number;
      readonly size: Size;
      /** Workloads of this process. */
      readonly from: number;
      readonly to: number;
      readonly identities: Identities;
    }
  /** Counts anew from here on, and says so; a `seen` follows when the endpoints have come to all who call that service. */
  | { readonly type: 'watch'; readonly service: number }
  | { readonly type: 'tally' }
  /** A `settled` follows when all have lost their stream and have been served on another one. */
  | { readonly type: 'expect-loss' };

/** Times are nanoseconds of the machine's monotonic clock, which all processes share. */
export type FleetReply =
  /** All are connected and have what they have subscribed to. @param octets came in all, within TLS */
  | { readonly type: 'settled'; readonly atNs: readonly number[]; readonly octets: number }
  | { readonly type: 'watching'; readonly subscribers: number }
  | { readonly type: 'seen'; readonly atNs: readonly number[] }
  /** @param others names of what else came since `watch` @param octets that came since, within TLS */
  | { readonly type: 'tally'; readonly octets: number; readonly others: readonly string[] };

/** Nanoseconds of the clock that all processes of a machine share. */
export const sharedNowNs = (): number => Number(process.hrtime.bigint());
