// The scenarios: what is asked of every peer.

/** What the origin serves under every route. */
export type Resource = 'small' | '16k' | '1m' | 'sink';

/** Sizes of the origin's bodies in bytes. `sink` reads any body and answers like `small`. */
export const RESOURCE_BYTES: Readonly<Record<Resource, number>> = {
  small: 32,
  '16k': 16 * 1024,
  '1m': 1024 * 1024,
  sink: 32,
};

/** One stream of requests. */
export interface Load {
  readonly resource: Resource;
  /** Size of the body that each request carries, in bytes; none when absent. */
  readonly upload?: number;
  readonly connections: number;
  /** How many path prefixes the proxy knows; the load cycles through all of them. */
  readonly routes: number;
}

/** A cell of the throughput tables: one load, measured for each peer in each round. */
export interface Job extends Load {
  /** Unique; results and bars refer to it. */
  readonly name: string;
  /** What `--only` selects. */
  readonly group: 'small' | 'bodies' | 'routes';
  readonly title: string;
}

/** Most cells run with this many routes: a gateway with one route is nobody's gateway. */
export const USUAL_ROUTES = 100;

/** The cell that the bars on CPU per request are about, and that measures saturation. */
export const USUAL_JOB = 'small-64';

/** All throughput cells, in the order in which they run. */
export const JOBS: readonly Job[] = [
  small(1),
  small(64),
  small(512),
  body('16k', 64, '16 KiB answers'),
  body('1m', 16, '1 MiB answers'),
  upload(16 * 1024, 64, '16 KiB uploads'),
  upload(1024 * 1024, 16, '1 MiB uploads'),
  routes(1),
  routes(1000),
];

/** What `--only` accepts. */
export const GROUPS = ['small', 'bodies', 'routes', 'latency', 'memory', 'startup'] as const;
export type Group = (typeof GROUPS)[number];

function small(connections: number): Job {
  const title = `32-byte answers, ${connections} connection${connections === 1 ? '' : 's'}, ${USUAL_ROUTES} routes`;
  return { name: `small-${connections}`, group: 'small', title, resource: 'small', connections, routes: USUAL_ROUTES };
}

function body(resource: Resource, connections: number, what: string): Job {
  const title = `${what}, ${connections} connections`;
  return { name: `get-${resource}`, group: 'bodies', title, resource, connections, routes: USUAL_ROUTES };
}

function upload(bytes: number, connections: number, what: string): Job {
  const title = `${what}, ${connections} connections`;
  const name = `post-${bytes / 1024}k`;
  return { name, group: 'bodies', title, resource: 'sink', upload: bytes, connections, routes: USUAL_ROUTES };
}

function routes(count: number): Job {
  const title = `32-byte answers, 64 connections, ${count} route${count === 1 ? '' : 's'}`;
  return { name: `routes-${count}`, group: 'routes', title, resource: 'small', connections: 64, routes: count };
}
