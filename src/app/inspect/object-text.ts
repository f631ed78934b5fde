import type { Condition, ParentRef } from '#control/status.ts';
import type { ObjectView } from '../control/views/object-view.ts';

/** A condition, and what it is about: '' for the object as a whole. */
export interface PlacedCondition extends Condition {
  readonly at: string;
}

/** Conditions that say something bad where they are true; all others do where they are false. */
const BAD_WHERE_TRUE: ReadonlySet<string> = new Set([
  'Conflicted',
  'InsecureFrontendValidationMode',
  'OverlappingTLSConfig',
]);

/** All conditions of an object, of its listeners, and at its parents or at what it is for. */
export function conditionsOf({
  conditions,
  listeners = [],
  parents = [],
  ancestors = [],
}: ObjectView): readonly PlacedCondition[] {
  const place = (at: string, some: readonly Condition[]): readonly PlacedCondition[] =>
    some.map((condition) => ({ ...condition, at }));
  return [
    ...place('', conditions),
    ...listeners.flatMap((listener) => place(`listener ${listener.name}`, listener.conditions)),
    ...parents.flatMap(({ parentRef, conditions: some }) => place(referenceText(parentRef), some)),
    ...ancestors.flatMap(({ ancestorRef, conditions: some }) => place(referenceText(ancestorRef), some)),
  ];
}

/** Whether a condition says that something is not as declared. */
export function isBad({ type, status }: Condition): boolean {
  return BAD_WHERE_TRUE.has(type) ? status === 'True' : status !== 'True';
}

/** @returns for example `Gateway shop/edge listener https` */
export function referenceText({ kind, namespace, name, sectionName, port }: ParentRef): string {
  const part = [
    sectionName === undefined ? [] : [`listener ${sectionName}`],
    port === undefined ? [] : [`port ${port}`],
  ];
  return [`${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, ...part.flat()].join(' ');
}

/** @returns for example `HTTPRoute shop/web` */
export function titleOf({ kind, namespace, name }: Pick<ObjectView, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** @returns for example `at Gateway shop/edge: ResolvedRefs is False (BackendNotFound): Service shop/cart is not declared` */
export function conditionText({ at, type, status, reason, message }: PlacedCondition): string {
  const place = at === '' ? '' : `at ${at}: `;
  return `${place}${type} is ${status} (${reason})${message === '' ? '' : `: ${message}`}`;
}
