import type { Command } from './command.ts';
import { adminOption, readAdmin } from './get.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What `selvage status` was told. */
export interface StatusOptions {
  /** URL of an admin API. */
  readonly admin: string;
  readonly asJson: boolean;
}

/** @param status prints it, and gives the exit code */
export function createStatusCommand(status: (options: StatusOptions, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'status',
    summary: 'tells on one screen how a mesh is, problems first',
    description: [
      'Tells what is wrong, how the control plane, its roots, workloads, proxies and services are. Given the admin port of a sidecar, of a gateway or of selvage up, it tells the same of that process.',
      'Exit code 0: all is well (there may be doubts); 1: something is wrong, or it could not be asked.',
    ],
    positionals: [],
    options: [adminOption(), formatOption()],
    examples: [
      { command: 'selvage status', explanation: 'tells how the mesh is' },
      { command: 'selvage status --admin http://127.0.0.1:15020', explanation: 'tells how one sidecar or gateway is' },
    ],
    run: (args, terminal) => status({ admin: readAdmin(args), asJson: readsJson(args) }, terminal),
  };
}
