'use strict';

// Tells Node where this program's own modules are, and what they are without their types: docs/decisions/0007-own-modules.md
// says why it is not left to find out. For threads and processes that import them, before they do.

const { existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } = require('node:fs');
const { registerHooks, stripTypeScriptTypes } = require('node:module');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const root = dirname(__dirname);
const hasSources = existsSync(join(root, 'src'));
const folder = pathToFileURL(join(root, hasSources ? 'src' : 'dist')).href;
// Checkouts may share their node_modules.
const kept = join(root, 'node_modules', '.cache', 'selvage', encodeURIComponent(root));

registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = urlOf(specifier, context.parentURL);
    return url === undefined ? nextResolve(specifier, context) : { url, format: 'module', shortCircuit: true };
  },
  load(url, context, nextLoad) {
    if (!hasSources || !url.startsWith(folder)) return nextLoad(url, context);
    return { format: 'module', source: withoutTypes(url.slice(folder.length + 1)), shortCircuit: true };
  },
});

/** @returns undefined for what is not a module of this program */
function urlOf(specifier, parent) {
  if (parent === undefined || !parent.startsWith(folder)) return undefined;
  // What the build emitted still says `.ts` there: see tools/published-manifest.ts.
  if (specifier.startsWith('#')) return `${folder}/${hasSources ? specifier.slice(1) : specifier.slice(1, -2) + 'js'}`;
  return specifier.startsWith('./') ? `${parent.slice(0, parent.lastIndexOf('/'))}${specifier.slice(1)}` : undefined;
}

/** Blanks stand where the types were, so that a place in the one is the same place in the other. */
function withoutTypes(name) {
  const file = join(root, 'src', name);
  const copy = join(kept, name);
  const { mtime, size } = statSync(file);
  const found = statSync(copy, { throwIfNoEntry: false });
  if (found !== undefined && found.mtimeMs === mtime.getTime() && found.size === size)
    return readFileSync(copy, 'utf8');
  const text = stripTypes(readFileSync(file, 'utf8'));
  try {
    mkdirSync(dirname(copy), { recursive: true });
    const half = `${copy}.${process.pid}`;
    writeFileSync(half, text);
    utimesSync(half, mtime, mtime);
    renameSync(half, copy);
  } catch {
    // A folder that cannot be written: the next start is as slow as this one.
  }
  return text;
}

/** Node tells every user that this function may change, which is not theirs to know. */
function stripTypes(text) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}
