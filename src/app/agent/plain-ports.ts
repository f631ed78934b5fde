import type { WorkloadPort } from '#model/snapshot/workload.ts';
import type { OpenPlainListener, PlainListener } from '#proxy/mesh/plain-listener.ts';
import { BindError } from '#transport/bind.ts';

export interface PlainPortsOptions {
  /** Where others reach this machine, as of now. */
  readonly address: () => string;
  /** Whether the application listens at a port. */
  readonly accepts: (port: number) => Promise<boolean>;
  /** @throws {BindError} (rejects) where the system refuses */
  readonly serve: (listener: PlainListener) => Promise<OpenPlainListener>;
  /** Told in one sentence of what an operator should know. */
  readonly warn: (message: string) => void;
  /** How soon an address that was taken is tried again. @defaultValue 1000 */
  readonly retryMs?: number;
}

/** Where the application itself listens. */
const APPLICATION = '127.0.0.1';

/**
 * Listens for callers without an identity, at the application's own port of the address that others know, as long as
 * something is declared for them. Not before the application listens: one that takes all addresses of the machine could
 * not start any more.
 *
 * ```
 *   nobody ──▶ 10.0.0.5:8080 (sidecar: policies) ──▶ 127.0.0.1:8080 (application)
 * ```
 */
export class PlainPorts {
  readonly #options: PlainPortsOptions;
  readonly #open = new Map<number, { readonly place: string; readonly listener: OpenPlainListener }>();
  /** Why ports are not served, by port: each is told once. */
  readonly #problems = new Map<number, string>();
  #wanted: ReadonlySet<number> = new Set();
  #isStarted = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: PlainPortsOptions) {
    this.#options = options;
  }

  /** Where callers without an identity are served now, as in `10.0.0.5:8080`. */
  get places(): readonly string[] {
    return [...this.#open.values()].map(({ place }) => place);
  }

  /** The application listens. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#settleSoon();
  }

  /** Takes what is declared for the ports of the application. */
  update(ports: readonly WorkloadPort[]): void {
    this.#wanted = new Set(ports.filter(isForAnybody).map(({ port }) => port));
    this.#settleSoon();
  }

  /** Opens nothing more; what is open ends with the inbound side that serves it. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #settleSoon(): void {
    this.#work = this.#work.then(() => this.#settle());
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#retry);
    for (const [port, { listener }] of this.#open) {
      if (this.#wanted.has(port)) continue;
      this.#open.delete(port);
      void listener.close();
    }
    for (const port of this.#problems.keys()) if (!this.#wanted.has(port)) this.#problems.delete(port);
    if (!this.#isStarted || this.#isClosed) return;
    for (const port of this.#wanted) if (!this.#open.has(port)) await this.#serve(port);
    if (this.#open.size === this.#wanted.size || this.#isClosed) return;
    this.#retry = setTimeout(() => this.#settleSoon(), this.#options.retryMs ?? 1000).unref();
  }

  async #serve(port: number): Promise<void> {
    const address = this.#options.address();
    // There the application answers by itself; but the address may not be known yet.
    if (address === APPLICATION) return;
    // Nor in the moment in which an application begins anew, as development servers do at each change.
    if (!(await this.#options.accepts(port)) || this.#isClosed) return;
    const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    try {
      this.#open.set(port, { place, listener: await this.#options.serve({ address, port, target: port }) });
      if (this.#problems.delete(port)) this.#options.warn(`callers without an identity are served at ${place} now`);
    } catch (error) {
      if (!(error instanceof BindError)) throw error;
      this.#tell(port, `cannot serve callers without an identity at ${place}: ${reasonOf(error)}`);
    }
  }

  #tell(port: number, problem: string): void {
    if (this.#problems.get(port) === problem) return;
    this.#problems.set(port, problem);
    this.#options.warn(problem);
  }
}

/** Whether anything of a port may be asked for without an identity. Byte streams have no paths. */
function isForAnybody({ mtls, protocol, exemptPaths }: WorkloadPort): boolean {
  return mtls === 'PERMISSIVE' || (exemptPaths.length > 0 && protocol !== 'tcp');
}

function reasonOf({ code }: BindError): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is in use (an application that listens there, or on all addresses, answers them itself and past all policies: have it listen on 127.0.0.1 alone)';
    case 'EADDRNOTAVAIL':
      return 'it is no address of this machine (check --address)';
    case 'EACCES':
      return 'permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE)';
    default:
      return code;
  }
}
