import type { Diagnostic } from '#model/diagnostic.ts';
import { UsageError, type Arguments } from './arguments.ts';
import { EXIT, type Command } from './command.ts';
import { count, countDiagnostics, paintDiagnostic, sortDiagnostics } from './diagnostics.ts';
import type { Terminal } from './terminal.ts';

/** What was found out about a folder. */
interface Validation {
  readonly diagnostics: readonly Diagnostic[];
  readonly fileCount: number;
  readonly objectCount: number;
}

export const validateCommand: Command = {
  name: 'validate',
  summary: 'tells everything that is wrong with a folder of documents',
  description: [
    'Reads all documents (*.yaml, *.yml, *.json) of a folder and tells, all at once, what is wrong with them: syntax, unknown fields, values out of range, references that lead nowhere, conflicts between objects, redirects that go in circles.',
    'Nothing is served and nothing is changed. Exit code 0: no error (there may be warnings); 1: an error; 2: wrong usage.',
  ],
  positionals: [{ name: 'folder', required: true, description: 'folder of documents, or one file' }],
  options: [formatOption()],
  examples: [
    { command: 'selvage validate examples/shop/config', explanation: 'checks the example shop' },
    { command: 'selvage validate . --format json | jq .diagnostics', explanation: 'gives the same to programs' },
  ],
  async run(args, terminal) {
    const asJson = readsJson(args);
    const folder = args.positional('folder') as string;
    const validation = await validate(folder);
    if (asJson) terminal.print(JSON.stringify(validation, undefined, 2));
    else report(validation, folder, terminal);
    return validation.diagnostics.some(({ severity }) => severity === 'error') ? EXIT.failure : EXIT.ok;
  },
};

/** The schemas and the parser take longer to load than all else; only who needs them loads them. */
async function validate(folder: string): Promise<Validation> {
  const [{ readDeclarations }, { findRedirectCycles }, { withMeshProblems }] = await Promise.all([
    import('./declarations.ts'),
    import('./explain/redirect-cycles.ts'),
    import('./explain/mesh/mesh-problems.ts'),
  ]);
  const declarations = readDeclarations(folder);
  const { fileCount, objectCount } = declarations;
  const diagnostics = withMeshProblems(declarations);
  return {
    diagnostics: sortDiagnostics([...diagnostics, ...findRedirectCycles(declarations)]),
    fileCount,
    objectCount,
  };
}

function report({ diagnostics, fileCount, objectCount }: Validation, folder: string, terminal: Terminal): void {
  for (const diagnostic of diagnostics) terminal.print(paintDiagnostic(diagnostic, terminal.paint));
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
  const verdict = countDiagnostics(diagnostics) ?? 'no problems';
  const tone = hasErrors ? 'bad' : diagnostics.length > 0 ? 'doubtful' : 'good';
  const extent = `${count(fileCount, 'file')}, ${count(objectCount, hasErrors ? 'good object' : 'object')}`;
  terminal.print(`${terminal.paint(tone, verdict)} in ${folder} (${extent})`);
}

/** The option that all commands with a result share. */
export function formatOption(): Command['options'][number] {
  return { name: 'format', value: '<text|json>', description: 'how the result is written; default text' };
}

/** @throws UsageError where the format is neither */
export function readsJson(args: Arguments): boolean {
  const format = args.value('format') ?? 'text';
  if (format !== 'text' && format !== 'json')
    throw new UsageError(`cannot write --format ${format}: give text or json`);
  return format === 'json';
}
