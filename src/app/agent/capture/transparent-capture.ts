import { isIP } from 'node:net';
import process from 'node:process';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { EgressMode } from '#model/snapshot/workload.ts';
import { BindError } from '#transport/bind.ts';
import { Forwarder } from '../dns/forwarder.ts';
import { readResolverConfiguration } from '../dns/resolver-configuration.ts';
import { Resolver } from '../dns/resolver.ts';
import { CapturedServices } from './captured-services.ts';
import { type ApplicationCapture, type CapturingSidecar, ChangesInOrder } from './capture.ts';
import { GroupGuard } from './group-guard.ts';
import { LoopbackAddresses } from './loopback-addresses.ts';
import { NftSession } from './nft-session.ts';
import { RedirectedPlace } from './redirected-place.ts';
import { formatEgress, formatRuleset, type InboundPort } from './ruleset.ts';
import { SIDECAR_GROUP, SidecarGroup } from './sidecar-group.ts';

export interface TransparentCaptureOptions {
  /** Ports that the application listens on. */
  readonly ports: readonly number[];
  readonly warn: (message: string) => void;
}

/** Where what comes from other machines for the application's first port is taken; any where that is taken. */
const INBOUND_PORT = 15_006;

/**
 * Transparent capture: the kernel's packet filter leads the application's connections to the sidecar, in both
 * directions, whatever the application knows. It holds for all of the network namespace but the sidecar itself.
 */
export class TransparentCapture implements ApplicationCapture {
  readonly #options: TransparentCaptureOptions;
  readonly #group: SidecarGroup;
  readonly #changes = new ChangesInOrder();
  readonly #nameservers = readResolverConfiguration().nameservers;
  #resolver: Resolver | undefined;
  #filter: NftSession | undefined;
  #guard: GroupGuard | undefined;
  /** As long as nothing else is known. */
  #egress: EgressMode = 'RegistryOnly';
  readonly #lost = Promise.withResolvers<string>();
  readonly isWhole = true;
  readonly lost: Promise<string> = this.#lost.promise;

  /**
   * Comes before this process makes any socket.
   *
   * @throws where this process may not, saying what to do
   */
  constructor(options: TransparentCaptureOptions) {
    this.#options = options;
    if (process.geteuid!() !== 0)
      throw new Error(
        'cannot capture transparently: that changes the packet filter, which needs root (run as root, or give --dns instead)',
      );
    this.#group = new SidecarGroup();
  }

  async open(sidecar: CapturingSidecar): Promise<void> {
    const { warn } = this.#options;
    const place = new RedirectedPlace({
      capture: (capture) => sidecar.capture(capture),
      run: (line) => this.#filter!.run(line),
      warn,
    });
    const names = new CapturedServices({
      search: readResolverConfiguration().search,
      addresses: new LoopbackAddresses(0),
      place,
      demand: (authority) => sidecar.demand(authority),
      mayBeService: (authority) => sidecar.mayBeService(authority),
      isEager: true,
      warn,
    });
    const resolverPort = await this.#openResolver(names);
    const ports = await this.#openPorts(sidecar);
    const [nameservers, egress] = [this.#nameservers, this.#egress];
    this.#filter = await openFilter(
      formatRuleset({ sidecarGroup: SIDECAR_GROUP, resolverPort, nameservers, egress, ports }),
    );
    void this.#filter.lost.then((reason) => this.#lost.resolve(reason));
    await this.#changes.hand(async (delta) => {
      await this.#follow(delta);
      // By its address a host outside is called without any question for a name: it has to be known before.
      for (const resource of delta.upserts)
        if (resource.type === 'workload')
          for (const host of resource.hosts?.filter((one) => isIP(one) !== 0) ?? []) void sidecar.demand(host);
      await names.take(delta);
      await place.take(delta);
    });
  }

  take(delta: SnapshotDelta): Promise<void> {
    return this.#changes.take(delta);
  }

  /** The application ends with the sidecar, however that ends: nothing would be between it and the network then. */
  wrap(command: readonly string[]): readonly string[] {
    return ['setpriv', '--pdeathsig', 'KILL', '--', ...command];
  }

  startOutside<T>(start: () => T): T {
    return this.#group.outside(start);
  }

  guard(leader: number): void {
    this.#guard = new GroupGuard(leader);
  }

  async close(): Promise<void> {
    this.#resolver?.close();
    await this.#guard?.close();
    await this.#filter?.close();
  }

  async #follow({ upserts, removals }: SnapshotDelta): Promise<void> {
    const workload = upserts.find((resource) => resource.type === 'workload');
    const isGone = removals.some((key) => key.startsWith('workload '));
    const egress = workload?.egress ?? (isGone ? 'RegistryOnly' : this.#egress);
    if (egress === this.#egress) return;
    try {
      await this.#filter!.run(formatEgress({ egress, nameservers: this.#nameservers }));
      this.#egress = egress;
    } catch (error) {
      this.#options.warn(
        `cannot go over to egress ${egress}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Where redirected questions arrive: the loopback address of their own family. */
  async #openResolver(names: CapturedServices): Promise<number> {
    const nameservers = (): readonly { readonly address: string }[] =>
      readResolverConfiguration().nameservers.map((address) => ({ address }));
    this.#resolver = new Resolver({ names, forwarder: new Forwarder(nameservers) });
    const port = await this.#resolver.open('127.0.0.1', 0);
    try {
      await this.#resolver.open('::1', port);
    } catch (error) {
      const isWithoutIpv6 =
        error instanceof BindError && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
      if (!isWithoutIpv6) throw error;
    }
    return port;
  }

  async #openPorts(sidecar: CapturingSidecar): Promise<readonly InboundPort[]> {
    const opened: InboundPort[] = [];
    for (const port of this.#options.ports) {
      const listener = { address: '', port: opened.length === 0 ? INBOUND_PORT : 0, target: port };
      const { port: plainPort } = await sidecar.servePlain(listener).catch((error: unknown) => {
        if (!(error instanceof BindError) || error.code !== 'EADDRINUSE') throw error;
        return sidecar.servePlain({ ...listener, port: 0 });
      });
      opened.push({ port, plainPort });
    }
    return opened;
  }
}

const openFilter = async (ruleset: string): Promise<NftSession> => {
  try {
    return await NftSession.open(ruleset);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot capture transparently: ${explain(said)}`, { cause: error });
  }
};

const explain = (said: string): string => {
  if (/not found/.test(said)) return 'nft is not installed (Debian package nftables)';
  if (/not permitted/.test(said))
    return 'another sidecar captures this network namespace already, or this process may not change its packet filter (one sidecar for each network namespace; in a container, give the capability NET_ADMIN)';
  return `the kernel refuses the rules: ${said} (Linux 5.12 or newer with nf_tables is needed)`;
};
