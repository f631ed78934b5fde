import { EXIT, type Command } from './command.ts';

/** @param version of the program */
export function createVersionCommand(version: string): Command {
  return {
    name: 'version',
    summary: 'prints the version',
    description: ['Prints the version of Selvage and of the Node that runs it.'],
    positionals: [],
    options: [],
    examples: [],
    async run(_args, terminal) {
      terminal.print(`selvage ${version} (Node ${process.versions.node})`);
      return EXIT.ok;
    },
  };
}
