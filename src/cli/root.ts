import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readState, stateOption } from './control.ts';
import { adminOption, readAdmin } from './get.ts';
import { readDuration } from './option-values.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What `selvage root` was told. */
export type RootRequest = {
  /** URL of the control plane's admin API. */
  readonly admin: string;
  readonly asJson: boolean;
} & (
  | { readonly action: 'status' }
  | {
      readonly action: 'rotate';
      /** Where the admin token lies. */
      readonly state: string;
      /** Undefined where time alone counts. */
      readonly promptMarginMs: number | undefined;
    }
);

/** @param root does it, and gives the exit code */
export function createRootCommand(root: (request: RootRequest, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'root',
    summary: 'exchanges the root certificate of a mesh, and tells how far that has got',
    description: [
      'rotate makes a new root at once and has everybody trust it beside the old one; later it signs in place of the old one; at last the old one is trusted no more. Each wait is as long as certificates of workloads live, so that nobody is left behind; nothing restarts, and no connection is lost.',
      'With --prompt each step is taken as soon as all connected sidecars are ready for it. Those that are away meanwhile have to join anew, with a new token: this is for a root whose key may be known to others. An exchange that goes by the clock can be made prompt.',
      'status tells which roots there are and what is waited for. Exit code 0: nothing is under way, or it has begun; 1: it could not be asked or done.',
    ],
    positionals: [{ name: 'action', required: true, description: 'status or rotate' }],
    options: [
      { name: 'prompt', description: 'for rotate: goes on as soon as all connected sidecars are ready' },
      {
        name: 'margin',
        value: '<duration>',
        description: 'for rotate --prompt: for how long they must have been ready; default 30s',
      },
      adminOption(),
      stateOption(),
      formatOption(),
    ],
    examples: [
      { command: 'selvage root rotate', explanation: 'exchanges the root within two lifetimes of certificates' },
      { command: 'selvage root status', explanation: 'tells how far that has got' },
    ],
    run: (args, terminal) => root(readRequest(args), terminal),
  };
}

function readRequest(args: Arguments): RootRequest {
  const common = { admin: readAdmin(args), asJson: readsJson(args) };
  const action = args.positional('action') as string;
  switch (action) {
    case 'status':
      return { ...common, action };
    case 'rotate':
      return { ...common, action, state: readState(args), promptMarginMs: readMargin(args) };
    default:
      throw new UsageError(`cannot ${action} a root: give status or rotate`);
  }
}

function readMargin(args: Arguments): number | undefined {
  const margin = args.value('margin');
  if (args.has('prompt')) return readDuration('--margin', margin ?? '30s');
  if (margin === undefined) return undefined;
  throw new UsageError('--margin is for --prompt alone: else each step waits for a lifetime of certificates');
}
