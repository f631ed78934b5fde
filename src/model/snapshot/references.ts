import type { AuthorizationLevels } from './authorization.ts';
import type { FilterSpec, HttpRouteRule } from './http-route.ts';
import type { SnapshotResource } from './snapshot.ts';

/**
 * Names what a resource leads to, so that it is of no use without.
 *
 * @returns keys as of `snapshotKey`; some more than once
 */
export const referencesOf = (resource: SnapshotResource): readonly string[] => {
  switch (resource.type) {
    case 'listener':
      return [...certificates(resource.tls?.certificates ?? []), ...policies(resource.authorization ?? [])];
    case 'http-route':
      return resource.rules.flatMap(ofRule);
    case 'stream-route':
      return resource.backends.flatMap(({ cluster, filters }) => [...clusters(cluster), ...filters.flatMap(ofFilter)]);
    case 'cluster':
      return certificates(resource.tls?.clientCertificate ?? null);
    default:
      return [];
  }
};

const ofRule = ({ filters, backends }: HttpRouteRule): readonly string[] => [
  ...filters.flatMap(ofFilter),
  ...backends.flatMap((backend) => [...clusters(backend.cluster), ...backend.filters.flatMap(ofFilter)]),
];

const ofFilter = (filter: FilterSpec): readonly string[] => {
  if (filter.type === 'Authorization') return policies(filter.levels);
  if (filter.type !== 'RequestMirror') return [];
  return [...clusters(filter.cluster), ...policies(filter.authorization ?? [])];
};

const clusters = (name: string | null): readonly string[] =>
  name === null ? [] : [`cluster ${name}`, `endpoints ${name}`];

const certificates = (names: string | null | readonly string[]): readonly string[] =>
  names === null ? [] : [names].flat().map((name) => `certificate ${name}`);

const policies = (levels: AuthorizationLevels): readonly string[] =>
  levels.flat().map((name) => `authorization ${name}`);
