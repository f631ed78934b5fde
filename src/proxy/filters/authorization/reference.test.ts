import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizePath } from '#http/path.ts';
import { decide, type TestCaller, type TestPolicy } from './testing/policies.ts';

/*
 * What the documentation says, written down once more in the plainest way, against which the compiled policies are
 * compared.
 */

type Values = readonly string[] | undefined;
type Conditions = Readonly<Record<string, Values>>;

const attributes = {
  principal: ({ uris }: TestCaller) => uris?.[0],
  namespace: ({ uris }: TestCaller) => uris?.[0]?.split('/')[4],
  ip: ({ ip }: TestCaller) => ip,
  host: ({ authority = 'example.com' }: TestCaller) => authority,
  method: ({ method = 'GET' }: TestCaller) => method,
  path: ({ path = '/' }: TestCaller) => path,
} as const;

const quoted = (text: string): string => text.replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`);

function patternOf(declared: string): RegExp {
  if (declared === '*') return /./;
  if (!declared.includes('{')) return new RegExp(`^${quoted(declared).replace('*', '.*')}$`);
  const segments = declared
    .slice(1)
    .split('/')
    .map((one) => (one === '{**}' ? '(/[^/]*)*' : one === '{*}' ? '/[^/]+' : `/${quoted(one)}`));
  return new RegExp(`^${segments.join('')}$`);
}

const folded = (path: string): string => {
  const plain = path
    .replaceAll(/%2f/gi, '/')
    .split('/')
    .map((one) => one.split(';')[0])
    .join('/');
  return new URL(`http://a${plain}`).pathname.replaceAll(/\/+/g, '/').toLowerCase();
};

function fits(attribute: string, value: string, declared: string, isLenient: boolean): boolean {
  if (attribute === 'ip') return declared.endsWith('/8') ? value.startsWith('10.') : value === declared;
  if (patternOf(declared).test(value)) return true;
  if (!isLenient) return false;
  if (attribute === 'method') return value.toUpperCase() === declared;
  if (attribute !== 'path') return false;
  const lenient = patternOf(declared.replaceAll(/%2f/gi, '/').toLowerCase());
  const withoutSlash = folded(value).replace(/(?<=.)\/$/, '');
  return lenient.test(folded(value)) || (!declared.includes('*') && lenient.test(withoutSlash));
}

function holds(key: string, values: readonly string[], call: TestCaller, action: string): boolean {
  const attribute = key.replace('not_', '') as keyof typeof attributes;
  const isNegated = key.startsWith('not_');
  const value = attributes[attribute](call);
  if (value === undefined || value === '') return isNegated && action === 'DENY';
  const isIn = values.some((declared) => fits(attribute, value, declared, (action === 'DENY') !== isNegated));
  return isIn !== isNegated;
}

const anyOf = (alternatives: readonly Conditions[] | undefined, call: TestCaller, action: string): boolean =>
  alternatives === undefined ||
  alternatives.length === 0 ||
  alternatives.some((all) => Object.entries(all).every(([key, values]) => holds(key, values!, call, action)));

const matches = ({ action, rules = [] }: TestPolicy, call: TestCaller): boolean =>
  rules.some(({ from, to }) => anyOf(from, call, action) && anyOf(to, call, action));

function expected(levels: readonly (readonly TestPolicy[])[], call: TestCaller): string {
  const counts = levels.map((level) =>
    level.map((policy) => ({
      ...policy,
      isExempt: policy.exemptPaths?.includes(call.path ?? '/') === true,
      isMatch: matches(policy, call),
    })),
  );
  const denies = counts.flat().filter(({ action, isExempt, isMatch }) => action === 'DENY' && isMatch && !isExempt);
  if (denies.some(({ audit }) => audit !== true)) return 'denied';
  const allows = counts.map((level) => level.filter(({ action }) => action === 'ALLOW'));
  const real = allows.map((level) => level.filter(({ audit }) => audit !== true)).filter((level) => level.length > 0);
  const isPermitted = (level: (typeof counts)[number]) => level.some(({ isExempt, isMatch }) => isExempt || isMatch);
  if (!real.every(isPermitted)) return 'denied';
  const tried = allows.filter((level) => level.length > 0 && level.every(({ audit }) => audit === true));
  if (denies.length > 0 || !tried.every(isPermitted)) return 'would-deny';
  return real.length > 0 ? 'allowed' : '';
}

const some = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
const workload = (namespace: string) => `spiffe://a.example/ns/${namespace}/sa/x`;
const principals = some(workload('shop'), 'spiffe://a.example/ns/shop/*', '*/sa/x', '*');
const ips = some('10.0.0.0/8', '192.0.2.1', '2001:db8::1');
const paths = some('/a', '/a/*', '/A/b', '*b', '/{*}/b', '/{**}/b', '/a/{**}', '/*', '*', '/a;x', '/a%2Fb');
const hosts = some('a.example', '*.example', '*');
const methods = some('GET', 'PUT');
const namespaces = some('shop', 's*');

const conditions = (fields: Readonly<Record<string, fc.Arbitrary<string[]>>>) =>
  fc
    .record(
      Object.fromEntries(
        Object.entries(fields).flatMap(([name, of]) => [
          [name, of],
          [`not_${name}`, of],
        ]),
      ),
      { requiredKeys: [] },
    )
    .filter((one) => Object.keys(one).length > 0);

const rule = fc.record(
  {
    from: fc.array(conditions({ principal: principals, namespace: namespaces, ip: ips }), {
      minLength: 1,
      maxLength: 2,
    }),
    to: fc.array(conditions({ path: paths, host: hosts, method: methods }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const policy: fc.Arbitrary<TestPolicy> = fc.record({
  action: fc.constantFrom('ALLOW', 'DENY'),
  audit: fc.boolean(),
  exemptPaths: fc.constantFrom([], ['/a'], ['/healthz']),
  rules: fc.array(rule, { maxLength: 3 }),
});

const segment = fc.constantFrom('a', 'b', 'A', 'a;x', 'a%2Fb', '..;', 'healthz', '%2E', '');
const call = fc.record(
  {
    uris: fc.constantFrom([workload('shop')], [workload('pay')], [], ['spiffe://a.example/shop']),
    ip: fc.constantFrom('10.1.1.1', '192.0.2.1', '2001:db8::1', '::ffff:10.1.1.1'),
    authority: fc.constantFrom('a.example', 'b.example', 'c.test', ''),
    method: fc.constantFrom('GET', 'get', 'POST', 'PUT'),
    path: fc.array(segment, { maxLength: 3 }).map((segments) => normalizePath(`/${segments.join('/')}`)!),
  },
  { requiredKeys: ['ip', 'path'] },
);

test('judge decides as the reference says', () => {
  fc.assert(
    fc.property(fc.array(fc.array(policy, { maxLength: 3 }), { maxLength: 3 }), call, (levels, caller) => {
      const plain = { ...caller, ip: caller.ip.replace('::ffff:', '') };
      assert.equal(decide(levels, caller).split(' ')[0], expected(levels, plain));
    }),
    { numRuns: 3000 },
  );
});
