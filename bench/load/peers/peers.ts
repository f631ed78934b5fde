// All peers, in the order in which tables show them.

import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import type { Peer } from './peer.ts';
import { selvage } from './selvage.ts';

export const PEERS: readonly Peer[] = [selvage, haproxy, nginx, caddy, envoy];
