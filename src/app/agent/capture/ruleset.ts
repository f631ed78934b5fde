import { isIPv6 } from 'node:net';
import type { EgressMode } from '#model/snapshot/workload.ts';
import { isLoopback } from '../dns/resolver-configuration.ts';
import { SERVICE_RANGE } from './loopback-addresses.ts';

/** What the packet filter is to do for one workload. */
export interface RulesetOptions {
  /** Group of the sidecar's own sockets, which nothing is done to. */
  readonly sidecarGroup: number;
  /** Where the mesh's resolver answers, at 127.0.0.1 and ::1. */
  readonly resolverPort: number;
  /** Of the machine. */
  readonly nameservers: readonly string[];
  readonly egress: EgressMode;
  readonly ports: readonly InboundPort[];
}

/** A port that the application listens on. */
export interface InboundPort {
  readonly port: number;
  /** Of the sidecar, which takes its place for other machines. */
  readonly plainPort: number;
}

/** One for each network namespace: two sidecars in one would each take what the other is to have. */
export const TABLE = 'inet selvage';

/** Before the usual rules of address translation (-100), such as those by which containers find their resolver. */
const BEFORE_OTHERS = -101;

/**
 * The rules of transparent capture, as one line for nft.
 *
 * ```
 *  application ─▶ names:    DNS → resolver, address of a service → its capture
 *              ─▶ leaving:  the sidecar's own and what was captured pass; the rest as egress says
 *  other hosts ─▶ arriving: port of the application → sidecar
 * ```
 */
export const formatRuleset = (options: RulesetOptions): string =>
  `table ${TABLE} {
    flags owner;
    map services { type ipv4_addr . inet_service : inet_service; };
    set services6 { type ipv6_addr . inet_service; };
    map ports { type inet_service : inet_service; ${elements(options.ports)} };
    chain names {
      type nat hook output priority ${BEFORE_OTHERS};
      meta skgid ${options.sidecarGroup} accept;
      ${redirectNames(options)}
      ip daddr . tcp dport @services redirect to :ip daddr . tcp dport map @services;
    };
    chain leaving {
      type filter hook output priority 0;
      meta skgid ${options.sidecarGroup} accept;
      ct status dnat accept;
      ip daddr ${SERVICE_RANGE} meta l4proto tcp reject with tcp reset;
      ip daddr ${SERVICE_RANGE} reject;
      ip6 daddr . tcp dport @services6 reject with tcp reset;
      jump egress;
    };
    chain egress { ${egressRules(options).join(' ')} };
    chain arriving {
      type nat hook prerouting priority ${BEFORE_OTHERS};
      iifname != "lo" fib daddr type local tcp dport @ports redirect to :tcp dport map @ports;
    };
  }`.replaceAll(/\s*\n\s*/g, ' ');

/** Goes over to another mode in one step, for connections to come. */
export const formatEgress = (options: Pick<RulesetOptions, 'egress' | 'nameservers'>): string => {
  const rules = egressRules(options).map((rule) => `add rule ${TABLE} egress ${rule}`);
  return [`flush chain ${TABLE} egress;`, ...rules].join(' ');
};

/** Leads an address and port to a port of this machine, or no longer. */
export const formatService = (verb: 'add' | 'delete', address: string, port: number, localPort: number): string =>
  isIPv6(address)
    ? `${verb} element ${TABLE} services6 { ${address} . ${port} }`
    : `${verb} element ${TABLE} services { ${address} . ${port} : ${localPort} }`;

const elements = (ports: readonly InboundPort[]): string =>
  ports.length === 0
    ? ''
    : `elements = { ${ports.map(({ port, plainPort }) => `${port} : ${plainPort}`).join(', ')} };`;

/**
 * All questions for names go to the mesh's resolver. Where the machine has a resolver of its own on loopback, only those
 * to that do: what it asks elsewhere would come back to it else, round and round.
 */
const redirectNames = ({ nameservers, resolverPort }: RulesetOptions): string => {
  const local = nameservers.filter(isLoopback);
  const where =
    local.length === 0 ? [''] : local.map((address) => `${isIPv6(address) ? 'ip6' : 'ip'} daddr ${address} `);
  return where.map((match) => `${match}meta l4proto { tcp, udp } th dport 53 redirect to :${resolverPort};`).join(' ');
};

/** What RegistryOnly leaves: answers, what the machine itself needs to be in its network, and nothing an application sends. */
const egressRules = ({ egress, nameservers }: Pick<RulesetOptions, 'egress' | 'nameservers'>): readonly string[] => {
  if (egress === 'AllowAny') return [];
  // A resolver of the machine's own, which asks others as nobody else may.
  const names = nameservers.some(isLoopback) ? ['meta l4proto { tcp, udp } th dport 53 accept;'] : [];
  return [
    'oifname "lo" accept;',
    'ct state established,related accept;',
    'meta l4proto { icmp, ipv6-icmp } accept;',
    'udp dport { 67, 547 } accept;',
    ...names,
    'meta l4proto tcp reject with tcp reset;',
    'reject;',
  ];
};
