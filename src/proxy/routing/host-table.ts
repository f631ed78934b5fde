/** What stands at one declared host name, linked to what stands at the next less specific one. */
export interface HostEntry<T> {
  /** As declared: exact, `*.example.com`, or `*`; lower case. */
  readonly hostname: string;
  readonly value: T;
  /** The next entry that also matches every host that this one matches, or undefined. */
  readonly broader: HostEntry<T> | undefined;
}

/** Longest host name there is (RFC 1035 §2.3.4); nothing longer is compared with a wildcard. */
const MAX_HOST_LENGTH = 253;

/**
 * Values by host name, found from the most specific to the least: exact, then the longest wildcard, then `*`.
 *
 * `*.example.com` matches one or more labels in front of `.example.com`, and never `example.com` itself.
 *
 * @see Gateway API, HTTPRouteSpec.hostnames
 */
export class HostTable<T> {
  /** Wildcards stand here without their star. */
  readonly #exact = new Map<string, HostEntry<T>>();
  readonly #wildcards = new Map<string, HostEntry<T>>();
  readonly #any: HostEntry<T> | undefined;
  #longestWildcard = 0;

  /** @param values - by declared host name; '' and `*` stand for any host */
  constructor(values: Iterable<readonly [hostname: string, value: T]>) {
    const byName = new Map<string, T>();
    for (const [hostname, value] of values) byName.set(normalizeHostname(hostname), value);
    // Broader ones first: each entry links to an entry that exists.
    for (const hostname of [...byName.keys()].sort(compareBroaderFirst)) {
      const entry = this.#createEntry(hostname, byName.get(hostname) as T);
      if (hostname === '*') this.#any = entry;
      else if (!hostname.startsWith('*.')) this.#exact.set(hostname, entry);
      else this.#addWildcard(hostname.slice(1), entry);
    }
  }

  /** @param host - without port, lower case; a final dot (RFC 1034 §3.1) makes no difference */
  find(host: string): HostEntry<T> | undefined {
    const name = host.charCodeAt(host.length - 1) === 0x2e ? host.slice(0, -1) : host;
    return this.#exact.get(name) ?? this.#findBroad(name);
  }

  /** All entries, the most specific first. */
  entries(): readonly HostEntry<T>[] {
    const entries = [...this.#exact.values(), ...this.#wildcards.values()];
    if (this.#any) entries.push(this.#any);
    return entries.sort((a, b) => compareBroaderFirst(b.hostname, a.hostname));
  }

  /** The most specific entry for the host that is no exact one. */
  #findBroad(name: string): HostEntry<T> | undefined {
    if (this.#longestWildcard === 0 || name.length > MAX_HOST_LENGTH) return this.#any;
    // A wildcard's suffix begins with a dot and leaves at least one character in front of it.
    let dot = name.indexOf('.', Math.max(1, name.length - this.#longestWildcard));
    while (dot !== -1) {
      const entry = this.#wildcards.get(name.slice(dot));
      if (entry !== undefined) return entry;
      dot = name.indexOf('.', dot + 1);
    }
    return this.#any;
  }

  #createEntry(hostname: string, value: T): HostEntry<T> {
    const inside = hostname.startsWith('*.') ? hostname.slice(2) : hostname;
    const broader = hostname === '*' ? undefined : this.#findBroad(inside);
    return Object.freeze({ hostname, value, broader });
  }

  #addWildcard(suffix: string, entry: HostEntry<T>): void {
    this.#wildcards.set(suffix, entry);
    this.#longestWildcard = Math.max(this.#longestWildcard, suffix.length);
  }
}

/** Brings a declared host name to the form that {@link HostTable} compares: lower case, `*` for any. */
export function normalizeHostname(hostname: string): string {
  const lower = hostname.toLowerCase();
  if (lower === '') return '*';
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** `*`, then wildcards from the shortest, then exact names from the shortest. */
function compareBroaderFirst(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || a.length - b.length || (a < b ? -1 : Number(a > b));
}

function rankOf(hostname: string): number {
  if (hostname === '*') return 0;
  return hostname.startsWith('*.') ? 1 : 2;
}
