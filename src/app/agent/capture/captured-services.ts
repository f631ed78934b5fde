import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { Capture } from '#proxy/outbound.ts';
import type { Found, MeshNames } from '../dns/resolver.ts';
import type { LoopbackAddresses } from './loopback-addresses.ts';

/** One port of a service, and where it is to be captured. */
export interface CapturedPort {
  readonly service: string;
  /** The loopback address that the service is known by. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Capture['protocol'];
}

/** Has connections to a service's address arrive at the outbound. */
export interface CapturePlace {
  /** @returns (never rejects) how to undo it, or why it cannot be */
  capture(port: CapturedPort): Promise<Release | Refusal>;
}

/** @returns (never rejects) when it is undone */
export type Release = () => Promise<void>;

export interface Refusal {
  /** One sentence: what, and what to do. */
  readonly problem: string;
  /** Whether another address may do. */
  readonly isTaken: boolean;
}

export interface CapturedServicesOptions {
  /** Domains of the machine that programs try names in. */
  readonly search: readonly string[];
  readonly addresses: LoopbackAddresses;
  readonly place: CapturePlace;
  /** Settles when it is known whether a host is a service and that is in use; null where it can be none. */
  readonly demand: (authority: string) => Promise<void> | null;
  /** Whether a host is named as a service is, and it could not be found out whether it is one. */
  readonly mayBeService: (authority: string) => boolean;
  /** Whether services are captured as soon as they are known, and not only when their names are asked for. */
  readonly isEager: boolean;
  /** Told, once each, of ports that cannot be captured. */
  readonly warn: (message: string) => void;
}

/** How many addresses are tried for a service. */
const ADDRESS_TRIES = 4;

/** The services that an application has asked for, each at a loopback address of its own with its ports captured there. */
export class CapturedServices implements MeshNames {
  readonly #options: CapturedServicesOptions;
  readonly #known = new Map<string, MeshServiceResource>();
  readonly #byHostname = new Map<string, string>();
  readonly #captured = new Map<string, CapturedService>();

  constructor(options: CapturedServicesOptions) {
    this.#options = options;
  }

  /** Takes a change that the outbound has taken. @returns when the captures are as it says */
  async take({ upserts, removals }: SnapshotDelta): Promise<void> {
    const changed = new Set<string>();
    for (const resource of upserts) {
      if (resource.type !== 'mesh-service') continue;
      this.#forget(resource.name);
      this.#known.set(resource.name, resource);
      for (const hostname of resource.hostnames) this.#byHostname.set(hostname, resource.name);
      if (this.#options.isEager || this.#captured.has(resource.name)) changed.add(resource.name);
    }
    for (const key of removals) {
      if (!key.startsWith('mesh-service ')) continue;
      const name = key.slice('mesh-service '.length);
      this.#forget(name);
      if (this.#captured.has(name)) changed.add(name);
    }
    await Promise.all(Array.from(changed, (name) => this.#capture(name)));
  }

  /** What a name stands for; a service that is asked for the first time is found out about, and captured. */
  async addressOf(name: string): Promise<Found> {
    for (const host of this.#candidatesOf(name)) {
      if (!this.#byHostname.has(host)) await this.#options.demand(host);
      const service = this.#byHostname.get(host);
      if (service === undefined) continue;
      const address = await this.#capture(service);
      return address === undefined ? 'failed' : { address };
    }
    // Elsewhere there may be an address for it, and what is sent there would leave in the clear.
    return this.#options.mayBeService(name) ? 'failed' : 'none';
  }

  /** A name as it is asked for, and without a domain that the machine has appended to it. */
  #candidatesOf(name: string): readonly string[] {
    const endings = this.#options.search.map((domain) => `.${domain}`).filter((ending) => name.endsWith(ending));
    return [name, ...endings.map((ending) => name.slice(0, -ending.length))];
  }

  #forget(name: string): void {
    for (const hostname of this.#known.get(name)?.hostnames ?? []) this.#byHostname.delete(hostname);
    this.#known.delete(name);
  }

  /** @returns its address; undefined where it has none (any more) */
  #capture(name: string): Promise<string | undefined> {
    let captured = this.#captured.get(name);
    if (captured === undefined) {
      captured = new CapturedService(name, this.#options);
      this.#captured.set(name, captured);
    }
    return captured.settle(() => this.#known.get(name)?.ports ?? []);
  }
}

/** One service's address, and what is captured there now. */
class CapturedService {
  readonly #name: string;
  readonly #options: CapturedServicesOptions;
  #address: string | undefined;
  readonly #ports = new Map<number, { readonly protocol: Capture['protocol']; readonly release: Release }>();
  readonly #told = new Set<string>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(name: string, options: CapturedServicesOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Has the captures be as `wanted` says when its turn comes. @returns its address */
  settle(wanted: () => MeshServiceResource['ports']): Promise<string | undefined> {
    const settled = this.#work.then(() => this.#settle(wanted()));
    this.#work = settled.catch(() => {});
    return settled;
  }

  async #settle(wanted: MeshServiceResource['ports']): Promise<string | undefined> {
    const protocols = new Map(wanted.map(({ port, protocol }) => [port, protocol === 'tcp' ? 'tcp' : 'http'] as const));
    for (const [port, { protocol, release }] of this.#ports) {
      if (protocols.get(port) === protocol) continue;
      this.#ports.delete(port);
      // The old one accepts nothing from here on; what it has open may take its time.
      void release();
    }
    this.#address ??= this.#options.addresses.take(this.#name);
    for (const [port, protocol] of protocols) if (!this.#ports.has(port)) await this.#capture(port, protocol);
    return this.#address;
  }

  async #capture(port: number, protocol: Capture['protocol']): Promise<void> {
    for (let attempt = 1; this.#address !== undefined; attempt++) {
      const address = this.#address;
      const placed = await this.#options.place.capture({ service: this.#name, address, port, protocol });
      if (typeof placed === 'function') {
        this.#ports.set(port, { protocol, release: placed });
        return;
      }
      // Once any of its ports is captured at an address, the application may know the service by that.
      if (!placed.isTaken || this.#ports.size > 0 || attempt === ADDRESS_TRIES) return this.#tell(placed.problem);
      this.#options.addresses.release(address);
      this.#address = this.#options.addresses.take(this.#name, attempt);
    }
  }

  #tell(problem: string): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#options.warn(problem);
  }
}
