import { CidrSet, parseCidr } from '#base/cidr.ts';
import type { AuthorizationCondition } from '#model/snapshot/authorization.ts';
import type { JudgedRequest } from './judged-request.ts';
import { PathPattern } from './path-pattern.ts';
import { fitsAny, TextPattern } from './text-pattern.ts';

/** Whether an attribute of a request is among declared values; `missing` where the request has no such attribute. */
export type Finding = 'fits' | 'differs' | 'missing';

type Test = (request: JudgedRequest) => Finding;

/** One condition of a rule, compiled. */
export class Condition {
  readonly declared: AuthorizationCondition;
  readonly #test: Test;
  readonly #negated: boolean;
  readonly #holdsWithout: boolean;

  /**
   * @param action of the policy. What a request lacks never matches ALLOW, and always a negated condition of DENY.
   * @returns the reason where the condition cannot be evaluated
   */
  static compile(declared: AuthorizationCondition, action: 'ALLOW' | 'DENY'): Condition | string {
    // Where a fit leads to a denial, also what servers may take for a value counts as it; where it leads to permission,
    // the value alone does.
    const leadsToDenial = (action === 'DENY') !== declared.negated;
    const test = compileTest(declared, leadsToDenial);
    return typeof test === 'string' ? test : new Condition(declared, test, action);
  }

  private constructor(declared: AuthorizationCondition, test: Test, action: 'ALLOW' | 'DENY') {
    this.declared = declared;
    this.#test = test;
    this.#negated = declared.negated;
    this.#holdsWithout = declared.negated && action === 'DENY';
  }

  holds(request: JudgedRequest): boolean {
    const found = this.#test(request);
    if (found === 'missing') return this.#holdsWithout;
    return (found === 'fits') !== this.#negated;
  }

  /** For people. */
  find(request: JudgedRequest): Finding {
    return this.#test(request);
  }
}

function compileTest({ attribute, values }: AuthorizationCondition, leadsToDenial: boolean): Test | string {
  switch (attribute) {
    case 'principal':
      return textTest(values, ({ principal }) => principal?.uri);
    case 'namespace':
      return textTest(values, ({ principal }) => principal?.namespace);
    case 'serviceAccount':
      return textTest(values, ({ principal }) => principal?.serviceAccount);
    case 'ip':
      return addressTest(values, ({ exchange }) => exchange.peer.remoteAddress);
    case 'remoteIp':
      return addressTest(values, ({ exchange }) => exchange.clientAddress);
    case 'host':
      return textTest(values, leadsToDenial ? ({ host }) => withoutRootDot(host) : ({ host }) => host);
    case 'port':
      return portTest(values);
    case 'method':
      return methodTest(values, leadsToDenial);
    case 'path':
      return pathTest(values, leadsToDenial);
    case 'grpcService':
      return grpcTest(values, 0, leadsToDenial);
    case 'grpcMethod':
      return grpcTest(values, 1, leadsToDenial);
    default:
      // A newer control plane may know attributes that this proxy does not.
      return `the attribute ${String(attribute)} is not known to this proxy`;
  }
}

function textTest(values: readonly string[], read: (request: JudgedRequest) => string | null | undefined): Test {
  const patterns = values.map((value) => new TextPattern(value));
  return (request) => {
    const value = read(request);
    if (value === null || value === undefined || value === '') return 'missing';
    return fitsAny(patterns, value) ? 'fits' : 'differs';
  };
}

/** `example.com.` is the same host to whoever resolves it. */
function withoutRootDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/** Requests of one connection have one address, so that the last outcome is nearly always the next. */
function addressTest(values: readonly string[], read: (request: JudgedRequest) => string): Test | string {
  const blocks = values.map((value) => parseCidr(value));
  const known = blocks.flatMap((block) => block ?? []);
  if (known.length < blocks.length) return 'one of its address blocks is none';
  const set = new CidrSet(known);
  let lastAddress = '';
  let last: Finding = 'missing';
  return (request) => {
    const address = read(request);
    if (address !== lastAddress) {
      lastAddress = address;
      last = address === '' ? 'missing' : set.has(address) ? 'fits' : 'differs';
    }
    return last;
  };
}

function portTest(values: readonly string[]): Test {
  const ports = new Set(values.map(Number));
  return ({ port }) => (port === 0 ? 'missing' : ports.has(port) ? 'fits' : 'differs');
}

/** Methods are case-sensitive (RFC 9110 §9.1), but not to every server. */
function methodTest(values: readonly string[], leadsToDenial: boolean): Test {
  return ({ exchange }) => {
    const { method } = exchange.request;
    if (values.includes(method)) return 'fits';
    return leadsToDenial && values.includes(method.toUpperCase()) ? 'fits' : 'differs';
  };
}

function pathTest(values: readonly string[], leadsToDenial: boolean): Test {
  const patterns = values.map((value) => new PathPattern(value));
  if (!leadsToDenial) return ({ path }) => (fitsAny(patterns, path) ? 'fits' : 'differs');
  return (request) => {
    const { path, foldedPath } = request;
    for (const pattern of patterns) if (pattern.resembles(path, foldedPath)) return 'fits';
    return 'differs';
  };
}

/** A call's path is `/<service>/<method>` (gRPC over HTTP/2, "Requests"); any other path is no call. */
function grpcTest(values: readonly string[], segment: 0 | 1, leadsToDenial: boolean): Test {
  const patterns = values.map((value) => new TextPattern(value));
  const folded = values.map((value) => new TextPattern(value.toLowerCase()));
  return (request) => {
    const part = callPart(request.path, segment);
    if (part !== undefined && fitsAny(patterns, part)) return 'fits';
    if (!leadsToDenial) return part === undefined ? 'missing' : 'differs';
    const foldedPart = callPart(request.foldedPath, segment);
    if (foldedPart === undefined) return part === undefined ? 'missing' : 'differs';
    return fitsAny(folded, foldedPart.toLowerCase()) ? 'fits' : 'differs';
  };
}

function callPart(path: string, segment: 0 | 1): string | undefined {
  const slash = path.indexOf('/', 1);
  if (slash <= 1 || slash === path.length - 1 || path.includes('/', slash + 1)) return undefined;
  return segment === 0 ? path.slice(1, slash) : path.slice(slash + 1);
}
