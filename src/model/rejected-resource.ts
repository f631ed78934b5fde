import type { SourceLocation } from './diagnostic.ts';
import type { Path } from './field-path.ts';
import { kinds } from './kinds.ts';
import type { Resource } from './resource.ts';
import { group as apiGroup, kindName, objectName, sectionName } from './schema/field.ts';

/**
 * An object that cannot be used as it is declared, as far as it can be told what it was meant to be. Whoever must not
 * act as if nothing had been declared goes by it.
 */
export interface RejectedResource {
  readonly kind: Resource['kind'];
  /** As declared; absent where it is no text. */
  readonly apiVersion?: string;
  /** Empty for cluster-scoped kinds; absent where it is no text. */
  readonly namespace?: string;
  /** Absent where it is missing or cannot be one. */
  readonly name?: string;
  readonly location: SourceLocation;
  /** The first thing that is wrong with it. */
  readonly message: string;
  /** What a policy was meant for: the references that are readable by themselves. */
  readonly targets: readonly RejectedTarget[];
  /** Whether {@link targets} are all that it was meant for. */
  readonly namesAllTargets: boolean;
  /** Names of what stands in `spec`; none for confidential kinds, in which a name may be a misplaced secret. */
  readonly specFields: readonly string[];
  /** What a policy would do, `spec.action`; absent where it is no text. */
  readonly action?: string;
  /** False where the text leaves open what is meant, as with a field that is given twice: part of it is not here. */
  readonly isWhole: boolean;
  /** As that of a loaded resource. */
  readonly locate: (path: Path) => SourceLocation;
}

/** An entry of `spec.targetRefs`, or `spec.targetRef`. */
export interface RejectedTarget {
  /** Absent where it is missing or cannot be a group. */
  readonly group?: string;
  /** Absent where it is missing or cannot be a kind. */
  readonly kind?: string;
  readonly name: string;
  /** Absent for the whole target, and where it cannot be the name of a section: any could be meant then. */
  readonly sectionName?: string;
  /** Where it is written, from the resource's root. */
  readonly path: Path;
}

/** What is known of the text of a rejected object. */
export interface RejectedText {
  readonly message: string;
  readonly isWhole: boolean;
  readonly locate: (path: Path) => SourceLocation;
}

/** Makes out what a rejected object was meant to be; undefined where it does not say so much as its kind. */
export function rejectedResource(value: unknown, text: RejectedText): RejectedResource | undefined {
  const declared = mapOf(value);
  const kind = kinds.get(textOf(declared['kind']) ?? '');
  if (kind === undefined) return undefined;
  const metadata = mapOf(declared['metadata']);
  const spec = kind.confidential ? {} : mapOf(declared['spec']);
  const targets = targetsIn(spec);
  return {
    kind: kind.name as Resource['kind'],
    ...defined('apiVersion', textOf(declared['apiVersion'])),
    ...defined('namespace', kind.scope === 'Cluster' ? '' : namespaceIn(metadata)),
    ...defined('name', objectName().safeParse(metadata['name']).data),
    location: text.locate([]),
    message: text.message,
    targets: targets.filter((target) => target !== undefined),
    namesAllTargets: text.isWhole && targets.length > 0 && !targets.includes(undefined),
    specFields: Object.keys(spec).filter((field) => !isAbsent(spec[field])),
    ...defined('action', textOf(spec['action'])),
    isWhole: text.isWhole,
    locate: text.locate,
  };
}

/** Older versions of the standard had a single reference; and a list of one is easily written without its dash. */
function targetsIn({ targetRefs, targetRef }: Readonly<Record<string, unknown>>): (RejectedTarget | undefined)[] {
  return [
    ...(Array.isArray(targetRefs)
      ? targetRefs.map((entry: unknown, i) => targetOf(entry, ['spec', 'targetRefs', i]))
      : isAbsent(targetRefs)
        ? []
        : [targetOf(targetRefs, ['spec', 'targetRefs'])]),
    ...(isAbsent(targetRef) ? [] : [targetOf(targetRef, ['spec', 'targetRef'])]),
  ];
}

function targetOf(entry: unknown, path: Path): RejectedTarget | undefined {
  const { group, kind, name, sectionName: section } = mapOf(entry);
  const known = objectName().safeParse(name);
  if (!known.success) return undefined;
  return {
    ...defined('group', apiGroup().safeParse(group).data),
    ...defined('kind', kindName().safeParse(kind).data),
    name: known.data,
    ...defined('sectionName', sectionName().safeParse(section).data),
    path,
  };
}

function namespaceIn({ namespace }: Readonly<Record<string, unknown>>): string | undefined {
  return isAbsent(namespace) ? 'default' : textOf(namespace);
}

/** As the Kubernetes API reads it, null is not given. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function defined<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string });
}
