import type { SnapshotResource } from '#model/snapshot/snapshot.ts';

export type ResourceType = SnapshotResource['type'];

const PREFIX = 'type.selvage.dev/';

/**
 * The order in which types are sent: what is referred to comes before what refers to it, so that no route ever leads to
 * a cluster that the proxy does not know yet. What is removed is sent in the reverse order, and behind all that is new:
 * make before break. A table, so that a type that is added to the snapshot must be given its place.
 */
const ORDER: Readonly<Record<ResourceType, number>> = {
  'trust-bundle': 0,
  cluster: 1,
  endpoints: 2,
  certificate: 3,
  authorization: 4,
  'http-route': 5,
  'stream-route': 6,
  // Behind the routes that name it: what is bound serves all of its routes from the first connection on.
  listener: 7,
  workload: 8,
  'mesh-service': 9,
  // Says that all of the above was told.
  gateway: 10,
};

/** The types that travel, in the order in which what is new of them is sent. */
export const TYPES_IN_ORDER: readonly ResourceType[] = (Object.keys(ORDER) as ResourceType[]).toSorted(
  (a, b) => ORDER[a] - ORDER[b],
);

/** @returns for example `type.selvage.dev/cluster` */
export function typeUrlOf(type: ResourceType): string {
  return PREFIX + type;
}

const BY_URL: ReadonlyMap<string, ResourceType> = new Map(TYPES_IN_ORDER.map((type) => [typeUrlOf(type), type]));

/** @returns undefined where it is no type that travels here */
export function typeOfUrl(url: string): ResourceType | undefined {
  return BY_URL.get(url);
}
