import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const OWN_MODULES = fileURLToPath(new URL('../../bin/own-modules.cjs', import.meta.url));

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
  // Of one version of Node, in the folder that the variable names. The cache is not inherited by itself, and without it
  // every start strips the types of all sources again.
  const folder = getCompileCacheDir();
  const env = folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) };
  return { env, execArgv: ['--require', OWN_MODULES] };
}
