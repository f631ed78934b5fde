import { chmodSync, writeFileSync } from 'node:fs';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import { BindError } from '#transport/bind.ts';
import { Forwarder } from '../dns/forwarder.ts';
import { formatResolverConfiguration, isLoopback, readResolverConfiguration } from '../dns/resolver-configuration.ts';
import { Resolver } from '../dns/resolver.ts';
import { CapturedServices } from './captured-services.ts';
import { type ApplicationCapture, type CapturingSidecar, ChangesInOrder } from './capture.ts';
import { DirectPlace } from './direct-place.ts';
import { blocksFor, LoopbackAddresses } from './loopback-addresses.ts';
import { whyNoOwnResolverFile, withOwnResolverFile } from './own-resolver-file.ts';

export interface DnsCaptureOptions {
  /** Of the workload. */
  readonly id: string;
  /** Where the application's own resolver file is to be, absolute; undefined: it keeps the machine's. */
  readonly resolverFile: string | undefined;
  /** Where others than the application ask for names, at 127.0.0.1; undefined: nowhere. */
  readonly port: number | undefined;
  readonly warn: (message: string) => void;
}

const DNS_PORT = 53;
const LOOPBACK = '127.0.0.1';
const OTHER_WAYS =
  'give --dns-port 15053 instead and have your own resolver ask 127.0.0.1:15053 for names of the mesh, or leave --dns out and call services through HTTP_PROXY';

/** Mesh DNS: services have loopback addresses, the sidecar listens there, and a resolver of its own tells the names. */
export class DnsCapture implements ApplicationCapture {
  readonly #options: DnsCaptureOptions;
  readonly #changes = new ChangesInOrder();
  readonly #resolvers: Resolver[] = [];
  readonly isWhole = false;
  /** What listens in this process ends with it. */
  readonly lost: Promise<string> = new Promise(() => {});

  constructor(options: DnsCaptureOptions) {
    this.#options = options;
  }

  async open(sidecar: CapturingSidecar): Promise<void> {
    const { port, resolverFile } = this.#options;
    const names =
      resolverFile === undefined ? this.#createNames(sidecar) : await this.#openForApplication(sidecar, resolverFile);
    if (port !== undefined) await this.#openForOthers(names, port);
    await this.#changes.hand((delta) => names.take(delta));
  }

  take(delta: SnapshotDelta): Promise<void> {
    return this.#changes.take(delta);
  }

  wrap(command: readonly string[]): readonly string[] {
    const { resolverFile } = this.#options;
    return resolverFile === undefined ? command : withOwnResolverFile(resolverFile, command);
  }

  startOutside<T>(start: () => T): T {
    return start();
  }

  /** What goes past a sidecar that has ended finds nothing at the services' addresses. */
  guard(): void {}

  async close(): Promise<void> {
    for (const resolver of this.#resolvers) resolver.close();
  }

  #createNames(
    sidecar: CapturingSidecar,
    [block = 0]: Iterable<number> = blocksFor(this.#options.id),
  ): CapturedServices {
    return new CapturedServices({
      search: readResolverConfiguration().search,
      addresses: new LoopbackAddresses(block),
      place: new DirectPlace((capture) => sidecar.capture(capture)),
      demand: (authority) => sidecar.demand(authority),
      mayBeService: (authority) => sidecar.mayBeService(authority),
      isEager: false,
      warn: this.#options.warn,
    });
  }

  /** Which block of addresses is this sidecar's own is settled by whose resolver listens there. */
  async #openForApplication(sidecar: CapturingSidecar, resolverFile: string): Promise<CapturedServices> {
    const blocks = [...blocksFor(this.#options.id)];
    for (;;) {
      const block = blocks.shift()!;
      const names = this.#createNames(sidecar, [block]);
      const { resolver: address } = new LoopbackAddresses(block);
      try {
        await this.#listen(names, address, DNS_PORT, () => readResolverConfiguration().nameservers);
      } catch (error) {
        if (error instanceof BindError && error.code === 'EADDRINUSE' && blocks.length > 0) continue;
        throw explain(error);
      }
      this.#writeResolverFile(resolverFile, address);
      return names;
    }
  }

  /** Those who ask here may be the machine's own resolver, which must not be asked in turn. */
  async #openForOthers(names: CapturedServices, port: number): Promise<void> {
    await this.#listen(names, LOOPBACK, port, () =>
      readResolverConfiguration().nameservers.filter((address) => !isLoopback(address)),
    );
  }

  async #listen(
    names: CapturedServices,
    address: string,
    port: number,
    nameservers: () => readonly string[],
  ): Promise<void> {
    const forwarder = new Forwarder(() => nameservers().map((address) => ({ address })));
    const resolver = new Resolver({ names, forwarder });
    await resolver.open(address, port);
    this.#resolvers.push(resolver);
  }

  #writeResolverFile(path: string, address: string): void {
    const { search, options } = readResolverConfiguration();
    // It has no secret, and whoever the application runs as is to read it.
    writeFileSync(path, formatResolverConfiguration({ nameservers: [address], search, options }), { mode: 0o644 });
    chmodSync(path, 0o644);
    const reason = whyNoOwnResolverFile(path);
    if (reason !== undefined)
      throw new Error(
        `cannot give the application a resolver of its own: ${reason} (--dns needs util-linux, and root or user namespaces: ${OTHER_WAYS})`,
      );
  }
}

const explain = (error: unknown): unknown => {
  if (!(error instanceof BindError)) return error;
  const why =
    error.code === 'EACCES'
      ? 'this user may not listen on port 53, and /etc/resolv.conf can name no other: sysctl net.ipv4.ip_unprivileged_port_start=53 allows it'
      : `${error.message}; stop what listens on port 53 at all addresses`;
  return new Error(`cannot answer the application's questions for names: ${why} (or ${OTHER_WAYS})`);
};
