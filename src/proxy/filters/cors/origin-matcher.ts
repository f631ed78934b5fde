const DEFAULT_PORT: Readonly<Record<string, string>> = { 'http://': ':80', 'https://': ':443' };

/** `https://*.example.com:8443`, taken apart at its star. */
interface WildcardOrigin {
  /** `https://` */
  readonly prefix: string;
  /** What follows the star: `.example.com:8443`, or '' for any host on the default port. */
  readonly suffix: string;
}

/**
 * Decides which origins may share responses. Origins are compared as browsers write them: lower case, without the
 * default port (RFC 6454 §6.2).
 * @see Gateway API, HTTPCORSFilter.allowOrigins
 */
export class OriginMatcher {
  readonly #any: boolean;
  readonly #exact: ReadonlySet<string>;
  readonly #wildcards: readonly WildcardOrigin[];

  /** @param allowed exact origins, origins with a star as (the leftmost part of) their host, or `*` */
  constructor(allowed: readonly string[]) {
    const origins = allowed.map((origin) => withoutDefaultPort(origin.toLowerCase()));
    this.#any = origins.includes('*');
    this.#exact = new Set(origins.filter((origin) => !origin.includes('*')));
    this.#wildcards = origins.filter((origin) => /^https?:\/\/\*/.test(origin)).map(splitAtStar);
  }

  /** @param origin value of the field `Origin` */
  matches(origin: string): boolean {
    if (this.#any || this.#exact.has(origin)) return true;
    const serialized = withoutDefaultPort(origin);
    if (serialized !== origin && this.#exact.has(serialized)) return true;
    for (const wildcard of this.#wildcards) if (matchesWildcard(wildcard, serialized)) return true;
    return false;
  }
}

function withoutDefaultPort(origin: string): string {
  const port = DEFAULT_PORT[origin.startsWith('https://') ? 'https://' : 'http://']!;
  return origin.endsWith(port) ? origin.slice(0, -port.length) : origin;
}

function splitAtStar(origin: string): WildcardOrigin {
  const star = origin.indexOf('*');
  return { prefix: origin.slice(0, star), suffix: origin.slice(star + 1) };
}

/** The star stands for at least one character, and for nothing but a host: never for a port or a path. */
function matchesWildcard({ prefix, suffix }: WildcardOrigin, origin: string): boolean {
  const end = origin.length - suffix.length;
  return (
    end > prefix.length && origin.startsWith(prefix) && origin.endsWith(suffix) && isHost(origin, prefix.length, end)
  );
}

function isHost(text: string, start: number, end: number): boolean {
  const isIpLiteral = text.charCodeAt(start) === 0x5b && text.charCodeAt(end - 1) === 0x5d;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    const isName = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x2e || c === 0x5f;
    if (!isName && !(isIpLiteral && (c === 0x3a || i === start || i === end - 1))) return false;
  }
  return true;
}
