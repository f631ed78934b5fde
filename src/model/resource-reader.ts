import { kinds } from './kinds.ts';
import { type Resource, resourceTitle } from './resource.ts';
import { type Finding, findingsOf } from './schema/finding.ts';
import type { Kind } from './schema/kind.ts';
import { dropNulls } from './schema/schema-walk.ts';
import { choices, describeValue, quote } from './schema/wording.ts';

/** What became of one object of a document. */
export interface ResourceReading {
  /** Absent when there is an error. */
  readonly resource?: Resource;
  /** As in `HTTPRoute shop/web`; absent where the object does not say what it is. */
  readonly title?: string;
  /** True where the object's text must not be shown: it is confidential, or nobody can tell. */
  readonly confidential: boolean;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Reads plain values as a resource: which kind, does it fit, what does it become. */
export function readResource(value: unknown): ResourceReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    // Which kind it was meant to be is unknown, so the value may be confidential.
    return refused([
      {
        path: [],
        message: `found ${describeValue(value, true)}`,
        expected: 'a resource: a map with apiVersion, kind and metadata',
      },
    ]);
  }
  const declared = value as Record<string, unknown>;
  const kind = typeof declared['kind'] === 'string' ? kinds.get(declared['kind']) : undefined;
  if (kind === undefined) return refused(unknownKind(declared), titleOf(declared));
  const parsed = kind.schema.safeParse(dropNulls(kind.schema, value), { reportInput: true });
  const title = titleOf(declared, kind);
  const { confidential } = kind;
  if (!parsed.success) return refused(findingsOf(parsed.error.issues, kind), title, confidential);
  const resource = kind.resourceOf(parsed.data);
  const warnings = [...kind.cautionsOf(resource)];
  return { resource, title: resourceTitle(resource), confidential, errors: [], warnings };
}

function refused(errors: readonly Finding[], title?: string, confidential = true): ResourceReading {
  return { errors, confidential, warnings: [], ...(title !== undefined && { title }) };
}

function unknownKind({ kind, apiVersion }: Record<string, unknown>): Finding[] {
  const names = [...kinds.keys()];
  const findings: Finding[] = [];
  if (apiVersion === undefined || apiVersion === null) {
    const expected = 'group and version, as in gateway.networking.k8s.io/v1';
    findings.push({ path: ['apiVersion'], message: 'required field is missing', expected });
  } else if (typeof apiVersion !== 'string') {
    findings.push({ path: ['apiVersion'], message: `found ${describeValue(apiVersion, true)}`, expected: 'a string' });
  }
  if (kind === undefined || kind === null)
    findings.push({ path: ['kind'], message: 'required field is missing', expected: choices('', names) });
  else if (typeof kind !== 'string')
    findings.push({ path: ['kind'], message: `found ${describeValue(kind, true)}`, expected: 'a string' });
  else findings.push({ path: ['kind'], message: `unknown kind ${quote(kind)}`, expected: choices(kind, names) });
  return findings;
}

function titleOf({ kind, metadata }: Record<string, unknown>, known?: Kind): string | undefined {
  if (typeof kind !== 'string' || kind.length > 63) return undefined;
  const { name, namespace } =
    typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
  if (typeof name !== 'string' || name === '' || name.length > 253) return kind;
  const inCluster = known?.scope === 'Cluster';
  const said = typeof namespace === 'string' && namespace !== '' && namespace.length <= 63 ? namespace : 'default';
  return resourceTitle({ kind, metadata: { name, namespace: inCluster ? '' : said } });
}
