import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { Connection } from '#transport/connection.ts';
import type { TlsSession } from '#transport/tls-session.ts';
import type { DownstreamPeer, Rule } from '../exchange/exchange.ts';
import { partyOf, UNKNOWN_PARTY } from './mesh-identity.ts';
import type { MeshTls } from './mesh-tls.ts';
import type { ServedPort } from './served-port.ts';
import { parseMeshServerName, type MeshDestination } from './server-name.ts';

/** Who calls over one connection, and what for. */
export interface Caller {
  readonly port: ServedPort;
  readonly hop: MeshHop;
  readonly rule: Rule;
  /** Whether the peer has shown who it is. */
  readonly verified: boolean;
  /** When its certificate expires, in milliseconds of the monotonic clock; from then on the peer is nobody. */
  readonly expiresAt: number;
  /** What the application is told of the peer's certificate; '' for nothing. */
  readonly certificateField: string;
}

/** What callers of one identity share, whatever connection they come by. */
type Relation = Pick<Caller, 'port' | 'hop' | 'rule'>;

/** Relations that are remembered. The names of services in them come from peers, who are verified but may be many. */
const MAX_RELATIONS = 1024;

/** Knows who calls by which connection. Worked out once for each. */
export class Callers {
  readonly #tls: MeshTls;
  readonly #relations = new Map<string, Relation>();
  #callers = new WeakMap<DownstreamPeer, Caller>();
  #strangers = new WeakMap<ServedPort, Caller>();

  constructor(tls: MeshTls) {
    this.#tls = tls;
  }

  /** What is served has changed: callers are worked out anew. */
  forget(): void {
    this.#relations.clear();
    this.#callers = new WeakMap();
    this.#strangers = new WeakMap();
  }

  /** @returns why a connection whose handshake is done is not served, or '' */
  refusal({ tls }: Connection, ports: ReadonlyMap<number, ServedPort>): string {
    if (tls === null || tls.certificate === null) return 'the peer has no valid certificate';
    const problem = this.#tls.problemOf(tls.certificate);
    if (problem !== '') return `the peer is refused: ${problem}`;
    const destination = parseMeshServerName(tls.serverName);
    if (destination === null) return 'the peer did not say which port and service it wants (SNI)';
    return ports.has(destination.port) ? '' : `the workload serves no port ${destination.port}`;
  }

  /** @returns null where its port is not served any more */
  of(peer: DownstreamPeer, ports: ReadonlyMap<number, ServedPort>): Caller | null {
    return this.#callers.get(peer) ?? this.#create(peer, ports);
  }

  /** Whoever calls without TLS. */
  stranger(port: ServedPort | null): Caller | null {
    if (port === null) return null;
    let caller = this.#strangers.get(port);
    if (caller === undefined) {
      const hop: MeshHop = Object.freeze({
        reporter: 'destination',
        source: UNKNOWN_PARTY,
        destination: this.#tls.self,
        service: null,
        security: 'none',
      });
      caller = { port, hop, rule: port.createRule(), verified: false, expiresAt: Infinity, certificateField: '' };
      this.#strangers.set(port, caller);
    }
    return caller;
  }

  #create(peer: DownstreamPeer, ports: ReadonlyMap<number, ServedPort>): Caller | null {
    const { tls } = peer;
    const destination = tls === null ? null : parseMeshServerName(tls.serverName);
    const port = destination === null ? undefined : ports.get(destination.port);
    if (tls === null || destination === null || port === undefined) return null;
    const relation = this.#relation(tls, destination, port);
    const expiresAt = performance.now() + (tls.certificate?.expiresAtMs ?? 0) - Date.now();
    const caller = { ...relation, verified: true, expiresAt, certificateField: certificateField(tls, relation.hop) };
    this.#callers.set(peer, caller);
    return caller;
  }

  #relation({ serverName, certificate }: TlsSession, destination: MeshDestination, port: ServedPort): Relation {
    const principal = certificate?.uris[0] ?? '';
    const key = `${serverName} ${principal}`;
    let relation = this.#relations.get(key);
    if (relation === undefined) {
      if (this.#relations.size >= MAX_RELATIONS) this.#relations.clear();
      const hop: MeshHop = Object.freeze({
        reporter: 'destination',
        source: partyOf(principal),
        destination: this.#tls.self,
        service: destination.service,
        security: 'mutual_tls',
      });
      relation = { port, hop, rule: port.createRule() };
      this.#relations.set(key, relation);
    }
    return relation;
  }
}

/** As Envoy writes it, so that applications that read it find what they know. */
const certificateField = ({ certificate }: TlsSession, { destination }: MeshHop): string =>
  certificate === null
    ? ''
    : `By=${destination.principal};Hash=${certificate.fingerprint};Subject="${certificate.subject.replace(/["\\]/g, '\\$&')}";URI=${certificate.uris[0]}`;
