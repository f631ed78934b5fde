import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { findImports } from '../../tools/dependencies/imports.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const hasProgram = existsSync(join(ROOT, 'src', 'app', 'main.ts'));
const needsProgram = { skip: hasProgram ? false : 'src/app/main.ts is not written yet' };

const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
spec:
  gatewayClassName: selvage
  listeners:
    - name: http
      port: 8080
      protocol: HTTP
`;

const work = mkdtempSync(join(tmpdir(), 'selvage-package-'));
const installed = join(work, 'node_modules', 'selvage');
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };

before(() => {
  const built = join(work, 'built');
  succeed(run(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'tools/build.ts'), built]));
  succeed(run('npm', ['pack', '--silent', '--pack-destination', work], built));
  installWithoutNetwork();
});
after(() => rmSync(work, { recursive: true }));

/** What npm does with a tarball, with the dependencies of this checkout and only those that the package names. */
function installWithoutNetwork(): void {
  mkdirSync(installed, { recursive: true });
  const [tarball] = globSync('*.tgz', { cwd: work });
  succeed(run('tar', ['-xzf', join(work, tarball ?? ''), '--strip-components=1', '-C', installed]));
  for (const name of Object.keys(manifest()['dependencies'] as object)) {
    const link = join(work, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
  mkdirSync(join(work, 'node_modules', '.bin'));
  symlinkSync('../selvage/bin/selvage.cjs', join(work, 'node_modules', '.bin', 'selvage'));
}

function run(command: string, args: readonly string[], cwd = work): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });
}

function succeed(result: SpawnSyncReturns<string>): void {
  assert.equal(result.status, 0, `${result.error?.message ?? ''}${result.stdout}${result.stderr}`);
}

function manifest(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
}

function selvage(...args: string[]): SpawnSyncReturns<string> {
  return run(join(work, 'node_modules', '.bin', 'selvage'), args);
}

function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(join(work, 'declared-'));
  writeFileSync(join(folder, name), text);
  return folder;
}

test('package carries neither the pin of the runtime nor anything of development', () => {
  const fields = Object.keys(manifest());
  for (const field of ['private', 'optionalDependencies', 'devDependencies', 'scripts']) {
    assert.equal(fields.includes(field), false, field);
  }
  assert.deepEqual(manifest()['engines'], { node: '>=26' });
});

test('package holds emitted code, types and the licence, but no source and no test', () => {
  const files = globSync('**/*', { cwd: installed });
  assert.deepEqual(
    files.filter((path) => /(?<!\.d)\.tsx?$|\.test\.|(^|\/)testing\//.test(path)),
    [],
  );
  assert.ok(files.includes('LICENSE'));
  assert.ok(files.some((path) => path.endsWith('.d.ts')));
});

test('package names by a relative path no source file, also where it starts a worker', () => {
  const wrong = globSync('dist/**/*.js', { cwd: installed }).flatMap((path) =>
    findImports(readFileSync(join(installed, path), 'utf8'))
      .filter(({ specifier }) => specifier.startsWith('.') && !existsSync(join(installed, dirname(path), specifier)))
      .map(({ specifier, line }) => `${path}:${line}: ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('package has a program that can be executed', () => {
  assert.equal(statSync(join(installed, 'bin', 'selvage.cjs')).mode & 0o111, 0o111);
});

test('package loads every module that it emitted', () => {
  const modules = globSync('dist/**/*.js', { cwd: installed }).filter((path) => !isProgram(path));
  assert.ok(modules.length > 0);
  const script = `for (const path of ${JSON.stringify(modules)}) await import('./' + path);`;
  succeed(run(process.execPath, ['--input-type=module', '-e', script], installed));
});

/** Importing these starts something. */
function isProgram(path: string): boolean {
  return path.startsWith('dist/app/') || /(^|[/-])worker\.js$/.test(path);
}

test('selvage --help tells what it can do, once installed', needsProgram, () => {
  const result = selvage('--help');
  succeed(result);
  assert.match(result.stdout, /selvage/);
  assert.match(result.stdout, /validate/);
});

test('selvage validate accepts what is right, once installed', needsProgram, () => {
  succeed(selvage('validate', folderWith('gateway.yaml', GATEWAY)));
});

test('selvage validate refuses what is wrong and says where, once installed', needsProgram, () => {
  const result = selvage('validate', folderWith('gateway.yaml', GATEWAY.replace('port:', 'prot:')));
  assert.notEqual(result.status, 0);
  assert.match(result.stdout + result.stderr, /gateway\.yaml:\d+:\d+/);
});
