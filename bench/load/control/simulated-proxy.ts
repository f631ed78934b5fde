// A proxy as the control plane sees one: a real identity, TLS and discovery stream, and nothing behind them.

import { dialControl } from '#app/member/control-dial.ts';
import { announce } from '#control/registry/announcement.ts';
import type { Clock } from '#transport/clock.ts';
import type { ConnectionObserver } from '#transport/connection.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import type { Lease } from '#xds/client/wanted-names.ts';
import { DiscoveryClient, type ChannelObserver } from '#xds/discovery-client.ts';
import { afterOnClock, connectDiscovery, type Dial } from '#xds/discovery-transport.ts';
import { sharedNowNs } from './fleet-messages.ts';
import { identityOf, type Identities } from './identities.ts';
import { calledBy, clusterName, meshServiceName, servedBy, workloadOf, type Size } from './population.ts';

export interface ProxyOptions {
  readonly workload: number;
  readonly size: Size;
  readonly port: number;
  readonly identities: Identities;
  readonly clock: Clock;
  readonly taken: (change: DiscoveryChange) => void;
  readonly octets: (count: number) => void;
}

export class SimulatedProxy {
  /** The services that it calls. */
  readonly called: ReadonlySet<number>;
  /** When its present stream brought the first answer; undefined while there is no such stream. */
  servedAtNs: number | undefined;
  readonly #client: DiscoveryClient;
  readonly #leases: readonly Lease[];

  constructor({ workload, size, port, identities, clock, taken, octets }: ProxyOptions) {
    const services = calledBy(workload, size);
    this.called = new Set(services);
    const identity = identityOf(identities, servedBy(workload, size));
    const dial = dialControl({ host: '127.0.0.1', port }, () => ({ bundle: identity.bundle, identity }));
    const connect = connectDiscovery(counting(dial, octets), `127.0.0.1:${port}`, clock);
    // The wildcards of a sidecar.
    const wildcardTypes = ['workload', 'authorization', 'trust-bundle'] as const;
    this.#client = new DiscoveryClient(
      { node: announce(workloadOf(workload, size), 'simulated'), wildcardTypes },
      {
        connect: (observer) => connect(this.#noting(observer)),
        apply: (change, done) => {
          taken(change);
          done([]);
        },
        changed() {},
        after: afterOnClock(clock),
        nowMs: () => clock.now(),
      },
    );
    this.#leases = services.flatMap((service) => [
      this.#client.subscribe('mesh-service', meshServiceName(service), () => {}),
      this.#client.subscribe('cluster', clusterName(service), () => {}),
      this.#client.subscribe('endpoints', clusterName(service), () => {}),
    ]);
  }

  start(): void {
    this.#client.start();
  }

  get isSettled(): boolean {
    return (
      this.servedAtNs !== undefined &&
      this.#client.synced &&
      this.#leases.every(({ presence }) => presence === 'present')
    );
  }

  #noting(observer: ChannelObserver): ChannelObserver {
    return {
      opened: (channel) => {
        const told = observer.opened(channel);
        return {
          received: (message) => {
            this.servedAtNs ??= sharedNowNs();
            told.received(message);
          },
          writable: () => told.writable(),
          ended: (status) => {
            this.servedAtNs = undefined;
            told.ended(status);
          },
        };
      },
      failed: (reason) => observer.failed(reason),
    };
  }
}

/** Counts what comes, within TLS. */
function counting(dial: Dial, octets: (count: number) => void): Dial {
  return (observer) =>
    dial({
      connected: (connection) => {
        const told = observer.connected(connection);
        const counted: ConnectionObserver = {
          receive: (buffer, length) => {
            octets(length);
            told.receive(buffer, length);
          },
          drained: () => told.drained(),
          halfClosed: () => told.halfClosed(),
          closed: (error) => told.closed(error),
        };
        return counted;
      },
      connectFailed: (cause, during) => observer.connectFailed(cause, during),
    });
}
