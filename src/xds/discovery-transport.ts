import { WheelTimer } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import type { ConnectObserver, PendingConnect } from '#transport/connect.ts';
import type { ChannelObserver, DiscoveryEnvironment } from './discovery-client.ts';
import type { DiscoveryServer } from './discovery-server.ts';
import type { GrpcMethod } from './grpc-server.ts';
import { GrpcStream } from './grpc-stream.ts';
import { Http2Link, type Patience } from './http2-link.ts';

/** Where delta discovery is to be found, as in the Envoy API. */
export const DISCOVERY_PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** Octets of a response that a proxy takes: the server's limit of 1 MiB, and one resource that is larger. */
const RESPONSE_BYTES = 16 * 1024 * 1024;

/** Milliseconds in which a connection must be made, with TLS and all. */
const CONNECT_TIMEOUT_MS = 5000;

/**
 * Offers a discovery server's proxies its method, for a `GrpcServer`.
 * @param credential serial number of the certificate that the connection was made with; '' over plain TCP
 */
export function discoveryMethod(server: DiscoveryServer, credential = ''): GrpcMethod {
  return {
    messageBytes: server.limits.requestBytes,
    accept: (stream, principal) => server.accept(stream, principal, credential),
  };
}

/**
 * Makes a connection to the control plane. Plain TCP and mutual TLS differ in nothing else, so that is all that this side
 * of discovery knows of either.
 */
export type Dial = (observer: ConnectObserver) => PendingConnect;

/**
 * Opens calls for a `DiscoveryClient`, each over a connection of its own, which ends with it.
 * @param authority name of the control plane, as `:authority` has it
 */
export function connectDiscovery(
  dial: Dial,
  authority: string,
  clock: Clock,
  patience?: Patience,
): DiscoveryEnvironment['connect'] {
  return (observer) => new DiscoveryConnect(dial, authority, clock, patience, observer).cancel;
}

/** One attempt to open a call. */
class DiscoveryConnect {
  readonly #authority: string;
  readonly #observer: ChannelObserver;
  readonly #clock: Clock;
  readonly #timer: WheelTimer;
  readonly #pending: PendingConnect;
  #settled = false;

  constructor(dial: Dial, authority: string, clock: Clock, patience: Patience | undefined, observer: ChannelObserver) {
    this.#authority = authority;
    this.#observer = observer;
    this.#clock = clock;
    this.#timer = new WheelTimer(this);
    clock.schedule(this.#timer, clock.now() + CONNECT_TIMEOUT_MS);
    this.#pending = dial({
      connected: (connection) => {
        // The call ends with its connection; the connection need not outlive its only call.
        const options = { role: 'client', clock, patience, opened: refuseRequests, closed: () => {} } as const;
        const link = new Http2Link(connection, options);
        this.#settle(() => open(link, authority, observer));
        return link;
      },
      connectFailed: (code) => this.#settle(() => observer.failed(`cannot connect to ${authority}: ${code}`)),
    });
  }

  readonly cancel = (): void => this.#settle(() => this.#pending.cancel());

  expire(): void {
    this.#settle(() => {
      this.#pending.cancel();
      this.#observer.failed(`cannot connect to ${this.#authority}: no connection in ${CONNECT_TIMEOUT_MS} ms`);
    });
  }

  #settle(then: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#clock.cancel(this.#timer);
    then();
  }
}

function open(link: Http2Link, authority: string, observer: ChannelObserver): void {
  const call = GrpcStream.call(link.http2, authority, DISCOVERY_PATH, RESPONSE_BYTES, (stream) => {
    const told = observer.opened({
      send: (parts) => stream.send(parts),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      close: (status) => {
        stream.close(status);
        link.drain();
      },
    });
    return {
      received: (message) => told.received(message),
      writable: () => told.writable(),
      ended: (status) => {
        link.drain();
        told.ended(status);
      },
    };
  });
  if (call === null) observer.failed(`cannot open a call to ${authority}`);
}

function refuseRequests(): never {
  throw new Error('a client takes no requests'); // the codec never calls this on a client
}

/** Runs tasks later on a clock that a thread's timers share. @returns what {@link DiscoveryEnvironment.after} is */
export function afterOnClock(clock: Clock): DiscoveryEnvironment['after'] {
  return (delayMs, task) => {
    const timer = new WheelTimer({ expire: task });
    clock.schedule(timer, clock.now() + delayMs);
    return () => clock.cancel(timer);
  };
}
