import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readState, stateOption } from './control.ts';
import { readDuration, readInteger, readName } from './option-values.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What `selvage token` was told. */
export type TokenRequest = { readonly state: string; readonly asJson: boolean } & (
  | {
      readonly action: 'create';
      readonly namespace: string;
      readonly serviceAccount: string;
      readonly lifetimeMs: number;
      /** Null for any number. */
      readonly maxUses: number | null;
    }
  | { readonly action: 'list' }
  | { readonly action: 'revoke'; readonly id: string }
);

/** @param token does it, and gives the exit code */
export function createTokenCommand(token: (request: TokenRequest, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'token',
    summary: 'makes, lists and revokes the tokens with which workloads join a mesh',
    description: [
      'create prints a join token: whoever has it gets an identity of one service account, until it expires, is used up or is revoked. It also names the root certificate of the mesh, so that a workload gives it to the right control plane only. It cannot be shown again.',
      'list shows all tokens without their secrets. revoke ends one by its id; workloads that have joined keep their identity.',
      'It works on the state folder of the control plane, which need not run.',
    ],
    positionals: [
      { name: 'action', required: true, description: 'create, list or revoke' },
      { name: 'id', required: false, description: 'for revoke: id of the token, as list shows it' },
    ],
    options: [
      { name: 'service-account', value: '<name>', description: 'for create: who the token makes a workload' },
      {
        name: 'namespace',
        value: '<name>',
        description: 'for create: namespace of the service account; default default',
      },
      { name: 'ttl', value: '<duration>', description: 'for create: how long it can be used; default 24h' },
      { name: 'uses', value: '<n>', description: 'for create: by how many workloads; default any number' },
      stateOption(),
      formatOption(),
    ],
    examples: [
      {
        command: 'selvage token create --service-account cart --namespace shop --ttl 1h',
        explanation: 'lets workloads join as service account cart for an hour',
      },
      { command: 'selvage token revoke 0123456789ab', explanation: 'ends a token' },
    ],
    run: (args, terminal) => token(readRequest(args), terminal),
  };
}

function readRequest(args: Arguments): TokenRequest {
  const common = { state: readState(args), asJson: readsJson(args) };
  const action = args.positional('action') as string;
  switch (action) {
    case 'create':
      return { ...common, action, ...readTerms(args) };
    case 'list':
      return { ...common, action };
    case 'revoke': {
      const id = args.positional('id');
      if (id === undefined) throw new UsageError('id is missing: the id of the token (selvage token list shows it)');
      return { ...common, action, id };
    }
    default:
      throw new UsageError(`cannot ${action} a token: give create, list or revoke`);
  }
}

function readTerms(args: Arguments) {
  const serviceAccount = args.value('service-account');
  if (serviceAccount === undefined)
    throw new UsageError('--service-account is missing: who the token makes a workload, as in --service-account cart');
  const uses = args.value('uses');
  return {
    namespace: readName('--namespace', args.value('namespace') ?? 'default'),
    serviceAccount: readName('--service-account', serviceAccount),
    lifetimeMs: readDuration('--ttl', args.value('ttl') ?? '24h'),
    maxUses: uses === undefined ? null : readInteger('--uses', uses, 1, 1_000_000),
  };
}
