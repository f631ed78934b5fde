'use strict';

// Tells Node where this program's own modules are: docs/decisions/0007-own-modules.md says why it is not left to find
// out. For threads and processes that import them, before they do.

const { existsSync } = require('node:fs');
const { registerHooks } = require('node:module');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const root = dirname(__dirname);
const hasSources = existsSync(join(root, 'src'));
const folder = pathToFileURL(join(root, hasSources ? 'src' : 'dist')).href;
const format = hasSources ? 'module-typescript' : 'module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = urlOf(specifier, context.parentURL);
    return url === undefined ? nextResolve(specifier, context) : { url, format, shortCircuit: true };
  },
});

/** @returns undefined for what is not a module of this program */
function urlOf(specifier, parent) {
  if (parent === undefined || !parent.startsWith(folder)) return undefined;
  // What the build emitted still says `.ts` there: see tools/published-manifest.ts.
  if (specifier.startsWith('#')) return `${folder}/${hasSources ? specifier.slice(1) : specifier.slice(1, -2) + 'js'}`;
  return specifier.startsWith('./') ? `${parent.slice(0, parent.lastIndexOf('/'))}${specifier.slice(1)}` : undefined;
}
