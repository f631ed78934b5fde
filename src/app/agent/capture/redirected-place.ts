import { isIP } from 'node:net';
import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { Capture, RunningCapture } from '#proxy/outbound.ts';
import { isLoopback } from '../dns/resolver-configuration.ts';
import type { CapturedPort, CapturePlace, Refusal, Release } from './captured-services.ts';
import { formatService } from './ruleset.ts';

export interface RedirectedPlaceOptions {
  readonly capture: (capture: Capture) => Promise<RunningCapture>;
  /** Has the packet filter take a line. @throws (rejects) where it refuses */
  readonly run: (line: string) => Promise<void>;
  readonly warn: (message: string) => void;
}

const LOOPBACK = '127.0.0.1';

/**
 * Captures at any local port, and has the packet filter lead there what is sent to a service: at its loopback address,
 * and at its declared addresses and those of its endpoints, for applications that have those from elsewhere.
 */
export class RedirectedPlace implements CapturePlace {
  readonly #options: RedirectedPlaceOptions;
  /** Local ports of captures, by service and port. */
  readonly #localPorts = new Map<string, number>();
  readonly #services = new Map<string, MeshServiceResource>();
  readonly #endpoints = new Map<string, EndpointsResource>();
  /** Addresses of endpoints that are led to captures, each as the line that undoes it. */
  readonly #led = new Map<string, string>();

  constructor(options: RedirectedPlaceOptions) {
    this.#options = options;
  }

  async capture({ service, address, port, protocol }: CapturedPort): Promise<Release | Refusal> {
    const { capture, run } = this.#options;
    const key = keyOf(service, port);
    let running: RunningCapture | undefined;
    try {
      running = await capture({ address: LOOPBACK, port: 0, service, servicePort: port, protocol });
      await run(formatService('add', address, port, running.port));
    } catch (error) {
      void running?.release();
      const reason = error instanceof Error ? error.message : String(error);
      return { problem: `cannot capture ${service}:${port}: ${reason}`, isTaken: false };
    }
    const captured = running;
    this.#localPorts.set(key, captured.port);
    return async () => {
      this.#localPorts.delete(key);
      await this.#run(formatService('delete', address, port, captured.port));
      await captured.release();
    };
  }

  /** Takes a change after the services' own ports are captured. @returns (never rejects) when it is in force */
  async take({ upserts, removals }: SnapshotDelta): Promise<void> {
    for (const resource of upserts) {
      if (resource.type === 'mesh-service') this.#services.set(resource.name, resource);
      else if (resource.type === 'endpoints') this.#endpoints.set(resource.name, resource);
    }
    for (const key of removals) {
      if (key.startsWith('mesh-service ')) this.#services.delete(key.slice('mesh-service '.length));
      else if (key.startsWith('endpoints ')) this.#endpoints.delete(key.slice('endpoints '.length));
    }
    const wanted = this.#wanted();
    const old = [...this.#led].filter(([element, undo]) => wanted.get(element)?.undo !== undo);
    for (const [element, undo] of old) {
      this.#led.delete(element);
      await this.#run(undo);
    }
    for (const [element, { add, undo }] of wanted) {
      if (this.#led.has(element)) continue;
      if (await this.#run(add)) this.#led.set(element, undo);
    }
  }

  /** Of services that share an address, the first by name has it: nobody can tell which one was meant. */
  #wanted(): ReadonlyMap<string, { readonly add: string; readonly undo: string }> {
    const wanted = new Map<string, { readonly add: string; readonly undo: string }>();
    const byName = [...this.#services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const service of byName) {
      for (const [address, port, localPort] of this.#placesOf(service)) {
        const element = `${address} ${port}`;
        if (wanted.has(element) || !isElsewhere(address)) continue;
        const [add, undo] = (['add', 'delete'] as const).map((verb) => formatService(verb, address, port, localPort));
        wanted.set(element, { add: add!, undo: undo! });
      }
    }
    return wanted;
  }

  /** Where a service is found beside its loopback address, and the local port of what stands for it there. */
  *#placesOf({ name, addresses = [], ports }: MeshServiceResource): Iterable<readonly [string, number, number]> {
    for (const { port, cluster } of ports) {
      const localPort = this.#localPorts.get(keyOf(name, port));
      if (localPort === undefined) continue;
      for (const address of addresses) yield [address, port, localPort];
      for (const endpoint of this.#endpoints.get(cluster)?.endpoints ?? [])
        yield [endpoint.address, endpoint.port, localPort];
    }
  }

  async #run(line: string): Promise<boolean> {
    try {
      await this.#options.run(line);
      return true;
    } catch (error) {
      this.#options.warn(`cannot change what is captured: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
}

const keyOf = (service: string, port: number): string => `${service}:${port}`;

/** What is on loopback is the machine's own, and perhaps the application itself. */
const isElsewhere = (address: string): boolean => isIP(address) !== 0 && !isLoopback(address);
