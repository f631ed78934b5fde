import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname, '..', '..');

/** What runs modules of this program anywhere. */
const OWN_MODULES = join(ROOT, 'bin', 'own-modules.cjs');

/** Where compiled code is kept by what is not there for long: as in the launcher. */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'selvage');

/** What the launcher did for this process, as options of a process or thread that runs modules of this program. */
export interface ModuleLoading {
  readonly env: NodeJS.ProcessEnv;
  readonly execArgv: string[];
}

/**
 * @returns options for `fork` and `new Worker`. They leave out those of this process itself (a profiler, a heap limit),
 * which are not meant for others
 */
export function moduleLoading(): ModuleLoading {
  const isCheckout = existsSync(join(ROOT, 'src'));
  const env = isCheckout ? { ...process.env, NODE_COMPILE_CACHE: COMPILED } : process.env;
  return { env, execArgv: ['--require', OWN_MODULES] };
}
