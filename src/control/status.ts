/** One aspect of an object's state, as in Kubernetes; when it last changed is for whoever stores it to add. */
export interface Condition {
  /** As in `Accepted`, `Programmed` or `ResolvedRefs`. */
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word for programs: the Gateway API's own wherever it has one. */
  readonly reason: string;
  /** For people: lower case, no final period; empty where the reason says it all. */
  readonly message: string;
  /** `metadata.generation` that the condition speaks of; absent where the document has none. */
  readonly observedGeneration?: number;
}

/** State of one listener of a `Gateway`. */
export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  /** Accepted routes that attach to it, whether or not it is programmed. */
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

/** State of a route at one of its parents. */
export interface ParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

/** State of a policy at something that it works for. */
export interface AncestorStatus {
  readonly ancestorRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface ParentRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

/** What became of one declared object. */
export interface ObjectStatus {
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** Of the object as a whole; routes have theirs per parent. */
  readonly conditions: readonly Condition[];
  /** Of a `Gateway`. */
  readonly listeners?: readonly ListenerStatus[];
  /** Of a route. */
  readonly parents?: readonly ParentStatus[];
  /** Of a policy: the gateways that it works for. */
  readonly ancestors?: readonly AncestorStatus[];
}

/** Why something is not as declared. */
export interface Problem {
  readonly reason: string;
  readonly message: string;
}

interface Generation {
  readonly generation?: number;
}

/**
 * Makes a condition that is good while there is no problem.
 *
 * @param type also the reason while all is well, as in the Gateway API
 * @param problems the first one gives the reason; the message names all
 */
export function conditionOf(type: string, problems: readonly Problem[], of: Generation): Condition {
  const [first] = problems;
  if (first === undefined) return condition(type, 'True', { reason: type, message: '' }, of);
  const message = problems.map((problem) => problem.message).join('; ');
  return condition(type, 'False', { reason: first.reason, message }, of);
}

/** Makes a condition. */
export function condition(type: string, status: Condition['status'], why: Problem, of: Generation): Condition {
  const { reason, message } = why;
  return { type, status, reason, message, ...(of.generation !== undefined && { observedGeneration: of.generation }) };
}

/** An object whose document is not valid now. */
export interface BrokenObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `Accepted`: it is left out. `Current`: it is served in an older form. */
  readonly type: 'Accepted' | 'Current';
  readonly message: string;
}

/** Adds to the statuses of what is served what is wrong with its documents. */
export function withBrokenObjects(
  statuses: readonly ObjectStatus[],
  broken: readonly BrokenObject[],
): readonly ObjectStatus[] {
  if (broken.length === 0) return statuses;
  const byObject = new Map(statuses.map((status) => [keyOf(status), status]));
  for (const { kind, namespace, name, type, message } of broken) {
    const known = byObject.get(keyOf({ kind, namespace, name })) ?? { kind, namespace, name, conditions: [] };
    // Of policies that close something the compiler has said so, and what follows.
    if (known.conditions.some((said) => said.type === type)) continue;
    // What generation is broken is not known: the document could not be read that far.
    const conditions = [...known.conditions, conditionOf(type, [{ reason: 'Invalid', message }], {})];
    byObject.set(keyOf(known), { ...known, conditions });
  }
  return [...byObject.keys()].sort().map((key) => byObject.get(key) as ObjectStatus);
}

function keyOf({ kind, namespace, name }: Pick<ObjectStatus, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace}/${name}`;
}
