import { styleText } from 'node:util';
import { GATEWAY } from './programs.ts';

/** What is used of a line of the access log (docs/access-log.md). */
interface LogLine {
  readonly time: string;
  readonly requestId: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly durationMs: number;
  readonly cluster?: string;
  readonly authorization?: string;
  readonly reporter?: 'source' | 'destination';
  readonly connectionSecurity?: 'mutual_tls' | 'none';
  readonly sourcePrincipal?: string;
}

/** A call as both of its sides have told it. */
interface Call {
  readonly line: LogLine;
  readonly from: string;
  /** '' where nobody was called. */
  readonly to: string;
  readonly refusal: string;
}

/**
 * Both sides of a call write about it, when it has ended, within 0.1 s. So much is waited for the other's line, and for the
 * calls that led to it, which end later.
 */
const GATHER_MS = 300;
const TARGET_WIDTH = 32;
const PARTIES_WIDTH = 20;

/** Makes one short line of the two that the access logs have of each call. */
export class CallLines {
  readonly #tell: (line: string) => void;
  readonly #calls = new Map<string, Call>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /**
   * @param name of the program whose sidecar, or the gateway that, has written it
   * @returns false where this is no line of an access log
   */
  take(name: string, text: string): boolean {
    const line = parseLine(text);
    if (line === undefined) return false;
    const call = callOf(name, line);
    const key = `${line.requestId} ${call.to}`;
    this.#calls.set(key, joined(this.#calls.get(key), call));
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
    return true;
  }

  /** Tells all that was gathered, in the order in which the calls began. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const calls = [...this.#calls.values()].toSorted((a, b) => a.line.time.localeCompare(b.line.time));
    this.#calls.clear();
    for (const call of calls) this.#tell(describe(call));
  }
}

function parseLine(text: string): LogLine | undefined {
  if (!text.startsWith('{"time":')) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}

function callOf(name: string, line: LogLine): Call {
  const isServing = line.reporter === 'destination';
  return {
    line,
    from: isServing ? accountOf(line.sourcePrincipal) : name,
    to: isServing ? name : serviceOf(line.cluster),
    refusal: line.authorization?.startsWith('denied ') === true ? line.authorization.split(' ')[1]! : '',
  };
}

/** The caller knows how long it took with the way there, the called why it has refused. */
function joined(before: Call | undefined, call: Call): Call {
  if (before === undefined) return call;
  const [caller, called] = call.line.reporter === 'destination' ? [before, call] : [call, before];
  return { ...caller, from: called.from, refusal: called.refusal };
}

function describe({ line, from, to, refusal }: Call): string {
  const { status, method, host, path, durationMs, connectionSecurity, errorCode } = line;
  const isGood = status < 400;
  // Clients of a proxy send whole URLs.
  const place = path.replace(/^http:\/\/[^/]*/, '');
  const target = from === GATEWAY ? host + place : place;
  const parties = to === '' ? from : `${from} → ${to}`;
  const security = connectionSecurity === 'mutual_tls' ? 'mutual TLS' : to === '' ? '' : 'no TLS';
  const reason = refusal === '' ? (errorCode ?? '') : `refused by ${refusal}`;
  return [
    styleText(isGood ? 'green' : 'red', String(status)),
    method.padEnd(4),
    shortened(target).padEnd(TARGET_WIDTH),
    styleText('bold', parties.padEnd(PARTIES_WIDTH)),
    styleText(connectionSecurity === 'mutual_tls' ? 'cyan' : 'dim', security.padEnd('mutual TLS'.length)),
    styleText('dim', `${durationMs.toFixed(1).padStart(6)} ms`),
    reason === '' ? '' : styleText('red', reason),
  ]
    .join('  ')
    .trimEnd();
}

function shortened(text: string): string {
  return text.length > TARGET_WIDTH ? `${text.slice(0, TARGET_WIDTH - 1)}…` : text;
}

/** `spiffe://cluster.local/ns/shop/sa/web` is web. */
function accountOf(principal: string | undefined): string {
  return principal?.split('/').at(-1) ?? 'somebody';
}

/** `Service/shop/cart:80` is cart, whatever follows the port. */
function serviceOf(cluster: string | undefined): string {
  return cluster?.replace(/^Service\/[^/]*\/(.*):\d+.*$/, '$1') ?? '';
}
