/**
 * The rows of the tree, lowest first: a folder imports itself and folders of earlier rows; folders of one row do not
 * know each other.
 */
export const ROWS: readonly (readonly string[])[] = [
  ['base', 'errors'],
  ['http'],
  ['model'],
  ['codec', 'transport'],
  ['identity', 'telemetry', 'xds'],
  ['proxy', 'control', 'products'],
  ['admin'],
  ['cli', 'dashboard'],
  ['app'],
];

/** The row of each folder, counted from 0. */
export const ROW_OF: ReadonlyMap<string, number> = new Map(
  ROWS.flatMap((folders, row) => folders.map((folder) => [folder, row] as const)),
);

/** The stages of the data plane; each knows itself and the contracts in `exchange`, the files beside them join them. */
export const PROXY_STAGES: ReadonlySet<string> = new Set(['exchange', 'downstream', 'routing', 'filters', 'upstream']);

/** Folders of `src/proxy` that hold what several assemblies share: like those they join stages, and no stage sees them. */
export const ASSEMBLY_PARTS: ReadonlySet<string> = new Set(['mesh']);

/** Parts of src/ that run in the data plane and so load no npm package, not even through what they import. */
export const PACKAGE_FREE: readonly string[] = [
  'src/base',
  'src/errors',
  'src/http',
  'src/codec',
  'src/transport',
  'src/identity',
  'src/telemetry',
  'src/xds',
  'src/proxy',
  'src/model/snapshot',
];

/** Parts of src/ that only compute: bytes and values in, bytes and values out. */
export const IO_FREE: readonly string[] = ['src/base', 'src/errors', 'src/http', 'src/codec'];

/** Node's modules that do no input or output; every other one does, also those that Node adds later. */
export const PURE_BUILTINS: ReadonlySet<string> = new Set([
  'node:assert',
  'node:assert/strict',
  'node:async_hooks',
  'node:buffer',
  'node:crypto',
  'node:events',
  'node:path',
  'node:path/posix',
  'node:perf_hooks',
  'node:querystring',
  'node:string_decoder',
  'node:timers',
  'node:timers/promises',
  'node:url',
  'node:util',
  'node:util/types',
  'node:zlib',
]);

/** The only file that the browser app may know of the rest. */
export const DASHBOARD_DOOR = 'src/admin/api.ts';

/** Whether a path is one of `parts`, a file of that name, or lies below one. */
export function isWithin(path: string, parts: readonly string[]): boolean {
  return parts.some((part) => path.startsWith(`${part}/`) || path === `${part}.ts`);
}

/** Tests and what only tests use (`testing/` folders) may do input and output and use development packages. */
export function isTestCode(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/');
}
