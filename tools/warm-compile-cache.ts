/*
 * Fills the compile cache that the launcher reads, so that the first start from a fresh checkout is as quick and as
 * small as every later one. `npm ci` runs it; a failure costs nothing but that.
 */
import { spawnSync } from 'node:child_process';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const launcher = join(root, 'bin', 'selvage.cjs');
/** What `selvage up` loads beside its command; the second is loaded by a process of its own. */
const ENTRIES = ['app/control-client.ts', 'app/control-process.ts', 'app/stop-signals.ts', 'app/up.ts'];

for (const command of [['version'], ['validate', join(root, 'examples', 'shop', 'config')]]) {
  spawnSync(process.execPath, [launcher, ...command], { stdio: 'ignore' });
}
enableCompileCache(join(root, 'node_modules', '.cache', 'selvage'));
await Promise.allSettled(ENTRIES.map((entry) => import(join(root, 'src', entry))));
flushCompileCache();
process.exit();
