import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment for a process or thread that runs sources of this program. The compile cache that the launcher
 * enabled is not inherited by itself, and without it every start strips the types of all sources again.
 */
export function environmentWithCompileCache(): NodeJS.ProcessEnv {
  // Of one version of Node, in the folder that the variable names.
  const folder = getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) };
}
