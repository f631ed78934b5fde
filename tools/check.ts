// All static checks at once: what `npm run check` does. Each one's output is shown only where it fails.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';

type Check = { readonly name: string; readonly command: readonly [string, ...string[]]; readonly remedy: string };

const ROOT = dirname(import.meta.dirname);
const BIN = join(ROOT, 'node_modules', '.bin');

const CHECKS: readonly Check[] = [
  { name: 'types', command: [join(BIN, 'tsc'), '--noEmit', '--pretty', 'false', '-p', '.'], remedy: 'mend the types' },
  {
    name: 'lint',
    command: [join(BIN, 'oxlint'), '--type-aware'],
    remedy: 'mend the code; the rules are in .oxlintrc.json',
  },
  {
    name: 'dependency direction',
    command: [process.execPath, 'tools/dependency-direction.ts'],
    remedy: 'each line says what to do',
  },
  {
    name: 'dead code',
    command: [join(BIN, 'knip'), '--no-progress'],
    remedy: 'delete what nobody uses, or do not export it',
  },
  { name: 'format', command: [join(BIN, 'oxfmt'), '--check'], remedy: 'npm run format' },
];

const results = await Promise.all(CHECKS.map(run));
const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? 'all checks passed' : `${failed} of ${CHECKS.length} checks failed`);
if (failed > 0) process.exitCode = 1;

function run({ name, command: [program, ...args], remedy }: Check): Promise<boolean> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(`cannot run ${program}: ${error.message} (run npm ci)`)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      const passed = code === 0;
      console.log(passed ? `passed  ${name} (${seconds} s)` : `FAILED  ${name} (${seconds} s; ${remedy})`);
      if (!passed) console.log(indent(Buffer.concat(output).toString()));
      resolve(passed);
    });
  });
}

/** Without colours: some tools colour a pipe as soon as they see that they run in CI. */
function indent(output: string): string {
  return stripVTControlCharacters(output).trimEnd().replace(/^/gm, '        ');
}
