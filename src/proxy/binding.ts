import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ListenerResource, ProxyProtocolReading } from '#model/snapshot/listener.ts';
import type { ConnectionCounts, RequestMetrics } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import type { Clock } from '#transport/clock.ts';
import type { TlsKeyPair } from '#transport/tls-key-pair.ts';
import type { TlsListener, TlsServer } from '#transport/tls-server.ts';
import { Acceptor } from './downstream/acceptor.ts';
import type { Admission } from './downstream/admission.ts';
import { HandshakeFailures } from './downstream/handshake-failures.ts';
import { HttpAdmission } from './downstream/http-admission.ts';
import { HTTP_ALPN, HttpSessions } from './downstream/http-sessions.ts';
import { withDeclared } from './downstream/listener-limits.ts';
import type { DownstreamLimits } from './downstream/limits.ts';
import { ProxyProtocolAdmission } from './downstream/proxy-protocol-admission.ts';
import { ServerNameAdmission, type ServerNameRouting } from './downstream/server-name-admission.ts';
import { StreamAdmission } from './downstream/stream-admission.ts';
import { StreamSessions } from './downstream/stream-sessions.ts';
import { TlsAdmission, type AcceptTls } from './downstream/tls-admission.ts';
import type { ExchangeEntry } from './exchange/exchange.ts';
import type { ListenerTable } from './routing/listener-table.ts';
import { placeStream, type StreamTable } from './routing/stream-table.ts';
import type { ThreadTls, TlsModules } from './thread-tls.ts';

/** What all bindings of a thread share. */
export interface BindingEnvironment {
  readonly shared: boolean;
  readonly clock: Clock;
  readonly limits: DownstreamLimits;
  readonly metrics: RequestMetrics;
  readonly tls: ThreadTls;
  /** Told in one sentence of what an operator should know. */
  readonly warn: (message: string) => void;
  /** Makes what the sessions of an acceptor hand their exchanges to; `table` tells what the acceptor serves at the time. */
  readonly createEntry: (table: () => ListenerTable) => ExchangeEntry;
  /** Takes what telemetry reads of a stream that has ended. */
  readonly recordStream: (record: StreamRecord) => void;
}

export interface ListenerFailure {
  readonly listener: string;
  readonly message: string;
}

/** What an address is to serve. */
export interface ServedListeners {
  readonly listeners: readonly ListenerResource[];
  /** Of HTTP requests. */
  readonly table: ListenerTable;
  /** Of connections that are passed on as they are. */
  readonly streams: StreamTable;
}

/** One bound address with all listeners that share it. What they say may change while it is bound. */
export class Binding {
  readonly address: string;
  readonly #environment: BindingEnvironment;
  readonly #acceptor: Acceptor;
  #served: ServedListeners;
  #limits: ReadonlyMap<string, DownstreamLimits> = new Map();
  #tls: { readonly server: TlsServer; readonly modules: TlsModules } | null = null;
  /** By listener: what it was served with while it could be. */
  readonly #lastGood = new Map<string, TlsListener>();

  constructor(served: ServedListeners, environment: BindingEnvironment) {
    const { address, port } = served.listeners[0]!;
    this.address = address;
    this.#served = served;
    this.#environment = environment;
    this.#acceptor = new Acceptor({ address, port, shared: environment.shared, admission: this.#createAdmission() });
  }

  get acceptor(): Acceptor {
    return this.#acceptor;
  }

  get listeners(): readonly ListenerResource[] {
    return this.#served.listeners;
  }

  /** Certificates that are shown here. */
  get keyPairs(): readonly TlsKeyPair[] {
    return this.#tls === null ? [] : this.#tls.server.keyPairs;
  }

  /** Whether an acceptor made for `listeners[0]` serves these as well. */
  fits(listeners: readonly ListenerResource[]): boolean {
    return listeners[0]!.protocol === this.#served.listeners[0]!.protocol;
  }

  /**
   * Serves these listeners from here on; connections that exist keep what they have.
   * @returns what is wrong; a listener that was served before goes on as it was
   */
  update(served: ServedListeners): readonly ListenerFailure[] {
    const { limits } = this.#environment;
    this.#served = served;
    this.#limits = new Map(
      served.listeners.map((listener) => [listener.name, withDeclared(limits, listener.limits ?? null)]),
    );
    return this.#updateTls(served.listeners);
  }

  /** Whether nothing can be served here, since TLS is to end here and there is no certificate. */
  get isMute(): boolean {
    return this.#served.listeners.every(({ tls }) => tls !== null) && this.#tls === null;
  }

  #updateTls(listeners: readonly ListenerResource[]): readonly ListenerFailure[] {
    const { tls } = this.#environment;
    const wanted = listeners.flatMap((listener) => describeTls(listener, tls.certificates));
    for (const name of this.#lastGood.keys()) if (!wanted.some((one) => one.name === name)) this.#lastGood.delete(name);
    const { loaded } = tls;
    if (wanted.length === 0 || loaded === null) return [];
    const { failures } = this.#createServer(wanted, loaded);
    const failed = new Set(failures.map(({ listener }) => listener));
    for (const listener of wanted) if (!failed.has(listener.name)) this.#lastGood.set(listener.name, listener);
    const usable = wanted.flatMap((listener) => this.#lastGood.get(listener.name) ?? []);
    const { server } = failed.size === 0 ? this.#createServer(wanted, loaded) : this.#createServer(usable, loaded);
    this.#tls = server === null ? null : { server, modules: loaded.modules };
    return failures;
  }

  #createServer(listeners: readonly TlsListener[], { modules, ticketKeys }: NonNullable<ThreadTls['loaded']>) {
    const alpn = this.#served.listeners[0]!.protocol === 'HTTPS' ? HTTP_ALPN : [];
    return modules.TlsServer.create(listeners, alpn, ticketKeys);
  }

  #createAdmission(): Admission {
    const { metrics, clock, warn } = this.#environment;
    const { port } = this.#served.listeners[0]!;
    const connections = metrics.downstream(port);
    const failures = new HandshakeFailures(port, warn);
    const inner = this.#createProtocolAdmission(connections, failures);
    const reading = (): ProxyProtocolReading | null => this.#served.listeners[0]!.proxyProtocol ?? null;
    return new ProxyProtocolAdmission(reading, inner, clock, connections, failures);
  }

  /** What follows the PROXY protocol, where that is spoken. */
  #createProtocolAdmission(connections: ConnectionCounts, failures: HandshakeFailures): Admission {
    switch (this.#served.listeners[0]!.protocol) {
      case 'HTTP':
        return new HttpAdmission(this.#createHttp(connections), connections);
      case 'HTTPS': {
        const http = this.#createHttp(connections);
        const terminating = new TlsAdmission(this.#acceptTls, connections, failures, (connection, sessions) =>
          http.begin(connection, sessions),
        );
        const routing = new TerminatingRouting(() => this.#tls?.server.naming === 'before');
        return new ServerNameAdmission(routing, terminating, this.#environment.clock, connections, failures);
      }
      case 'TCP':
        return new StreamAdmission(this.#createStreams(connections), connections);
      case 'TLS':
        return this.#createServerNameAdmission(connections, failures);
    }
  }

  #createHttp(connections: ConnectionCounts): HttpSessions {
    const { clock, createEntry } = this.#environment;
    const entry = createEntry(() => this.#served.table);
    return new HttpSessions({ entry, clock, limits: (listener) => this.#limitsOf(listener), connections });
  }

  #createStreams(connections: ConnectionCounts): StreamSessions {
    const { clock, recordStream } = this.#environment;
    return new StreamSessions({
      clock,
      limits: (listener) => this.#limitsOf(listener),
      connections,
      place: (serverName) => placeStream(this.#served.streams, serverName),
      record: recordStream,
    });
  }

  #createServerNameAdmission(connections: ConnectionCounts, failures: HandshakeFailures): Admission {
    const streams = this.#createStreams(connections);
    const terminating = new TlsAdmission(this.#acceptTls, connections, failures, (connection, sessions) =>
      streams.begin(connection, connection.tls!.serverName, null, sessions),
    );
    const routing: ServerNameRouting = {
      looksAhead: true,
      decide: (serverName) => {
        if (this.#served.streams.find(serverName)?.value.terminates !== true) return 'pass';
        return this.#tls === null ? 'refuse' : 'terminate';
      },
      pass: (connection, serverName, first, sessions) =>
        connection.observe(streams.begin(connection, serverName, first, sessions)),
    };
    return new ServerNameAdmission(routing, terminating, this.#environment.clock, connections, failures);
  }

  /** Before any listener is known, those of the first count: they mostly are the same for all of a port. */
  #limitsOf(listener: string): DownstreamLimits {
    return this.#limits.get(listener) ?? this.#limits.get(this.#served.listeners[0]!.name) ?? this.#environment.limits;
  }

  readonly #acceptTls: AcceptTls = (arrival, serverName, observer) => {
    const { modules, server } = this.#tls!;
    return new modules.TlsAccept(arrival, server, serverName, this.#environment.clock, observer);
  };
}

/** Where TLS always ends. */
class TerminatingRouting implements ServerNameRouting {
  readonly #looksAhead: () => boolean;

  constructor(looksAhead: () => boolean) {
    this.#looksAhead = looksAhead;
  }

  get looksAhead(): boolean {
    return this.#looksAhead();
  }

  decide(): 'terminate' {
    return 'terminate';
  }

  pass(): void {}
}

const describeTls = (
  { name, hostname, tls }: ListenerResource,
  certificates: ReadonlyMap<string, CertificateResource>,
): readonly TlsListener[] => {
  if (tls === null || tls === undefined) return [];
  const known = tls.certificates.flatMap((certificate) => certificates.get(certificate) ?? []);
  return [
    {
      name,
      hostname,
      certificates: known,
      clientValidation: tls.clientValidation,
      minVersion: tls.minVersion ?? '1.2',
    },
  ];
};
