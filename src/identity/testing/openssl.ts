import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = 'openssl';

/** Why tests that ask OpenSSL's program are skipped; false where it is installed. */
export const withoutOpenssl: string | false =
  spawnSync(PROGRAM, ['version']).status === 0 ? false : 'openssl is not installed';

/**
 * Runs `openssl` in a folder that holds `files`.
 *
 * @returns what it wrote to both outputs, and its exit status
 */
export function openssl(
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): { readonly status: number | null; readonly text: string; readonly output: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
    const { status, stdout, stderr } = spawnSync(PROGRAM, args, { cwd: folder, timeout: 20_000 });
    return { status, text: `${stdout.toString()}${stderr.toString()}`, output: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
