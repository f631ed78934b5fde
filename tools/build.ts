// Makes the folder that is published: JavaScript, because Node strips no types below node_modules.
// Usage: node tools/build.ts [folder]; then `npm pack` or `npm publish` there.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { findImports } from './dependencies/imports.ts';
import { isTestCode } from './dependencies/policy.ts';
import { publishedManifest, type Manifest } from './published-manifest.ts';

const ROOT = dirname(import.meta.dirname);
const OUT = resolve(process.argv[2] ?? join(ROOT, 'dist', 'package'));

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
emitDeclarations();
emitJavaScript();
copyAssets();
copyLooseFiles();
writeManifest();
console.log(`built ${OUT}`);

/** Also the type check of the build: nothing is emitted where the types are wrong. */
function emitDeclarations(): void {
  const compiler = join(ROOT, 'node_modules', '.bin', 'tsc');
  const args = ['-p', 'tsconfig.build.json', '--outDir', join(OUT, 'dist')];
  const run = spawnSync(compiler, args, { cwd: ROOT, stdio: 'inherit' });
  if (run.error !== undefined) fail(`cannot run ${compiler}: ${run.error.message} (run npm ci)`);
  if (run.status !== 0) fail('cannot build: the sources have type errors (npm run check shows them too)');
}

/**
 * By the same stripping that runs the sources, so that what is tested is what is published, and every line and column
 * of a stack trace is that of the source.
 */
function emitJavaScript(): void {
  for (const path of globSync('src/**/*.ts', { cwd: ROOT }).filter((one) => !isTestCode(one))) {
    const target = join(OUT, 'dist', path.slice('src/'.length).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, nameEmittedFiles(stripTypeScriptTypes(readFileSync(join(ROOT, path), 'utf8'))));
  }
}

/** Turns `./x.ts` into `./x.js` wherever it names a module; `#folder/x.ts` stays, the manifest maps it. */
function nameEmittedFiles(source: string): string {
  const lines = source.split('\n');
  for (const { specifier, line } of findImports(source)) {
    if (!/^\.{1,2}\/.*\.ts$/.test(specifier)) continue;
    lines[line - 1] = lines[line - 1]!.replace(specifier, specifier.replace(/ts$/, 'js'));
  }
  return lines.join('\n');
}

/** Whatever lies among the sources and is no TypeScript is read at run time from the same place. */
function copyAssets(): void {
  for (const path of globSync('src/**/*.*', { cwd: ROOT, exclude: (name) => /\.tsx?$/.test(name) })) {
    if (!isTestCode(path)) cpSync(join(ROOT, path), join(OUT, 'dist', path.slice('src/'.length)));
  }
}

function copyLooseFiles(): void {
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'bin']) {
    if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(OUT, name), { recursive: true });
  }
  chmodSync(join(OUT, 'bin', 'selvage.cjs'), 0o755);
}

function writeManifest(): void {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
