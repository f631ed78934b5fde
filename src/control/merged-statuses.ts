import type { Condition, ObjectStatus } from './status.ts';

/**
 * Joins what became of objects at gateways with what became of them in the mesh: a route may have parents of both kinds,
 * and a policy may be for a Service that gateways and sidecars lead to.
 *
 * @param atGateways also of objects that are in the mesh alone, as far as gateways can judge them
 * @returns by kind, namespace and name
 */
export function mergeStatuses(
  atGateways: readonly ObjectStatus[],
  inMesh: readonly ObjectStatus[],
): readonly ObjectStatus[] {
  const merged = new Map(atGateways.map((status) => [keyOf(status), status]));
  for (const status of inMesh) {
    const known = merged.get(keyOf(status));
    merged.set(keyOf(status), known === undefined ? status : join(known, status));
  }
  return [...merged.keys()].sort().map((key) => merged.get(key) as ObjectStatus);
}

function join(atGateway: ObjectStatus, inMesh: ObjectStatus): ObjectStatus {
  const parents = [...(atGateway.parents ?? []), ...(inMesh.parents ?? [])];
  const ancestors = [...(atGateway.ancestors ?? []), ...(inMesh.ancestors ?? [])];
  return {
    ...atGateway,
    conditions: joinConditions(atGateway, inMesh),
    ...(parents.length > 0 && { parents }),
    ...((atGateway.ancestors ?? inMesh.ancestors) !== undefined && { ancestors }),
  };
}

/**
 * The mesh knows what gateways know, and the Services that nobody has declared: it speaks for an object that no gateway
 * has a part in. Where both have, what does not work at one of them goes before what works at the other.
 */
function joinConditions(atGateway: ObjectStatus, inMesh: ObjectStatus): readonly Condition[] {
  const isOfMesh = (atGateway.ancestors ?? []).length === 0;
  const types = [...new Set([...atGateway.conditions, ...inMesh.conditions].map(({ type }) => type))];
  return types.map((type) => {
    const first = atGateway.conditions.find((condition) => condition.type === type);
    const second = inMesh.conditions.find((condition) => condition.type === type);
    if (first === undefined || second === undefined) return (first ?? second) as Condition;
    return isOfMesh || second.status === 'False' ? second : first;
  });
}

function keyOf({ kind, namespace, name }: ObjectStatus): string {
  return `${kind}/${namespace}/${name}`;
}
