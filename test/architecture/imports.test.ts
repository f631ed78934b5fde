import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findImports } from '../../tools/dependencies/imports.ts';

function specifiers(source: string): string[] {
  return findImports(source).map((one) => (one.isTypeOnly ? `type ${one.specifier}` : one.specifier));
}

test('findImports finds every form of a static import', () => {
  const source = [
    `import './a.ts';`,
    `import b from "./b.ts";`,
    `import * as c from './c.ts';`,
    `import d, { e as f, type G } from './d.ts';`,
    `import type H from './h.ts';`,
    `import type { I } from './i.ts';`,
    `import type from './j.ts';`,
    `import type from from './k.ts';`,
    `import {\n  l, // from './not.ts'\n} from './l.ts';`,
    `import m from './m.json' with { type: 'json' };`,
  ].join('\n');
  assert.deepEqual(specifiers(source), [
    './a.ts',
    './b.ts',
    './c.ts',
    './d.ts',
    'type ./h.ts',
    'type ./i.ts',
    './j.ts',
    'type ./k.ts',
    './l.ts',
    './m.json',
  ]);
});

test('findImports finds what is exported from elsewhere', () => {
  const source = `export * from './a.ts'; export * as b from './b.ts'; export { c } from './c.ts';
    export type { D } from './d.ts'; export type * from './e.ts';
    export { own }; export const from = 'x'; export type F = { from: 'y' }; export default function f() {}`;
  assert.deepEqual(specifiers(source), ['./a.ts', './b.ts', './c.ts', 'type ./d.ts', 'type ./e.ts']);
});

test('findImports finds modules that are loaded later', () => {
  const source = `await import('./a.ts'); new Worker(import.meta.resolve('#b/c.ts'));
    new URL('./d.ts', import.meta.url); new URL('/path', base); new URL('./table.json', import.meta.url); import(computed); import.meta.url;
    type T = import('./e.ts').T; const in_template = \`\${(await import('./f.ts')).x}\`; import(\`./g.ts\`);`;
  assert.deepEqual(specifiers(source), ['./a.ts', '#b/c.ts', './d.ts', './e.ts', './f.ts', './g.ts']);
});

test('findImports is not misled by comments, strings, templates, regular expressions or members', () => {
  const source = `#!/usr/bin/env node
    // import './no1.ts'
    /* import './no2.ts' */
    const a = "import './no3.ts'"; const b = \`import './no4.ts' \${c({ d: \`}import './no5.ts'\` })} export * from './no6.ts'\`;
    const e = /import '.\\/no7.ts'["'\`/]/.test(f) / 2; const g = (h) / 2; const i = j / k; // '
    x.import('./no8.ts'); const o = { import: './no9.ts', export: 1 };
    import './yes.ts';`;
  assert.deepEqual(specifiers(source), ['./yes.ts']);
});

test('findImports gives the line of the specifier', () => {
  const source = `/*\n*/ const a = \`\n\${b}\n\`;\nimport {\n  c,\n} from './c.ts';`;
  assert.deepEqual(findImports(source), [{ specifier: './c.ts', line: 7, isTypeOnly: false }]);
});
