import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { Clock } from '#transport/clock.ts';
import type { TlsListener, TlsServer } from '#transport/tls-server.ts';
import { Acceptor } from './downstream/acceptor.ts';
import type { Admission } from './downstream/admission.ts';
import { HandshakeFailures } from './downstream/handshake-failures.ts';
import { HttpAdmission } from './downstream/http-admission.ts';
import { HTTP_ALPN, HttpSessions } from './downstream/http-sessions.ts';
import { withDeclared } from './downstream/listener-limits.ts';
import type { DownstreamLimits } from './downstream/limits.ts';
import { TlsAdmission, type AcceptTls } from './downstream/tls-admission.ts';
import type { ExchangeEntry } from './exchange/exchange.ts';
import type { ListenerTable } from './routing/listener-table.ts';
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
}

export interface ListenerFailure {
  readonly listener: string;
  readonly message: string;
}

/** What an address is to serve. */
export interface ServedListeners {
  readonly listeners: readonly ListenerResource[];
  readonly table: ListenerTable;
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
    this.#limits = new Map(served.listeners.map((listener) => [listener.name, withDeclared(limits, listener.limits ?? null)]));
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
    const { metrics, clock, createEntry, warn } = this.#environment;
    const { port, protocol } = this.#served.listeners[0]!;
    const connections = metrics.downstream(port);
    const http = new HttpSessions({
      entry: createEntry(() => this.#served.table),
      clock,
      limits: (listener) => this.#limitsOf(listener),
      connections,
    });
    if (protocol === 'HTTP') return new HttpAdmission(http, connections);
    const failures = new HandshakeFailures(port, warn);
    return new TlsAdmission(this.#acceptTls, connections, failures, (connection, sessions) => http.begin(connection, sessions));
  }

  /** Before any listener is known, those of the first count: they mostly are the same for all of a port. */
  #limitsOf(listener: string): DownstreamLimits {
    return this.#limits.get(listener) ?? this.#limits.get(this.#served.listeners[0]!.name) ?? this.#environment.limits;
  }

  readonly #acceptTls: AcceptTls = (arrival, observer) => {
    const { modules, server } = this.#tls!;
    return new modules.TlsAccept(arrival, server, this.#environment.clock, observer);
  };
}

const describeTls = (
  { name, hostname, tls }: ListenerResource,
  certificates: ReadonlyMap<string, CertificateResource>,
): readonly TlsListener[] => {
  if (tls === null || tls === undefined) return [];
  const known = tls.certificates.flatMap((certificate) => certificates.get(certificate) ?? []);
  return [{ name, hostname, certificates: known, clientValidation: tls.clientValidation, minVersion: tls.minVersion ?? '1.2' }];
};
