import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { findImports, type Import } from './imports.ts';

/** What a specifier names: a file of the tree (by its path from the root), one of Node's modules, or an npm package. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string };

/** One import, resolved. */
export type Edge = Import & { readonly target: Target };

/** One source file; `path` is from the root, with slashes. */
export type SourceFile = { readonly path: string; readonly edges: readonly Edge[] };

/** All source files by path. */
export type Graph = ReadonlyMap<string, SourceFile>;

/**
 * Reads all TypeScript below `src/`.
 *
 * @param root - the folder that holds `src/`
 */
export function readGraph(root: string): Graph {
  const paths = globSync('src/**/*.{ts,tsx}', { cwd: root }).toSorted();
  return new Map(paths.map((path) => [path, readSource(root, path)]));
}

/** The top-level folder of `src/` that a path lies in; undefined for a file of `src/` itself or of elsewhere. */
export function folderOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

function readSource(root: string, path: string): SourceFile {
  const imports = findImports(readFileSync(join(root, path), 'utf8'));
  return { path, edges: imports.map((one) => ({ ...one, target: resolve(path, one.specifier) })) };
}

function resolve(importer: string, specifier: string): Target {
  if (specifier.startsWith('#')) return { kind: 'file', path: `src/${specifier.slice(1)}` };
  if (/^\.{1,2}(\/|$)/.test(specifier)) {
    return { kind: 'file', path: posix.join(posix.dirname(importer), specifier) };
  }
  if (isBuiltin(specifier)) return { kind: 'builtin', name: `node:${specifier.replace(/^node:/, '')}` };
  return { kind: 'package', name: specifier };
}
