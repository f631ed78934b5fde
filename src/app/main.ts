// The program `selvage`: joins the commands with what they do. What a command needs is loaded when it runs, so that
// `selvage up` stays small and `selvage --help` quick.
import { readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { EXIT } from '#cli/command.ts';
import { createCommands } from '#cli/commands.ts';
import type { ControlOptions } from '#cli/control.ts';
import type { GatewayCommandOptions } from '#cli/gateway.ts';
import { runProgram } from '#cli/program.ts';
import type { RunOptions } from '#cli/run.ts';
import { createTerminal, type Terminal } from '#cli/terminal.ts';
import type { UpOptions } from '#cli/up.ts';

const version = readVersion();
const commands = createCommands({
  version,
  up: startUp,
  control: startControl,
  gateway: startGateway,
  run: startRun,
  token: async (request, terminal) => (await import('./control/token.ts')).token(request, terminal),
  root: async (request, terminal) => (await import('./control/root.ts')).root(request, terminal),
  status: async (options, terminal) => (await import('./inspect/status.ts')).status(options, terminal),
  describe: async (options, terminal) => (await import('./inspect/describe.ts')).describe(options, terminal),
  check: async (request, terminal) => (await import('./check/check.ts')).check(request, terminal),
  get: async (options, terminal) => (await import('./inspect/get.ts')).get(options, terminal),
});
const terminal = createTerminal(process.stdout, process.stderr);
// A reader that has seen enough (`selvage validate . | head`) is no reason to fail.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await runProgram(process.argv.slice(2), commands, terminal);
// What is still open (a connection kept alive, a watched folder) has been told to end, and nobody waits for it.
process.exit();

async function startUp(options: UpOptions, terminal: Terminal): Promise<number> {
  const reason = reasonNotToRead(options.folder);
  if (reason !== undefined) {
    terminal.say(
      `${terminal.paintSaid('bad', 'selvage:')} cannot read ${options.folder}: ${reason} (name the folder that holds your documents)`,
    );
    return EXIT.failure;
  }
  const [{ ControlClient }, { StopSignals }] = await Promise.all([
    import('./control-client.ts'),
    import('./stop-signals.ts'),
  ]);
  const signals = new StopSignals();
  // Its process loads while this one does.
  const control = new ControlClient();
  const { up } = await import('./up.ts');
  return up(options, { version, control, signals }, terminal);
}

async function startControl(options: ControlOptions, terminal: Terminal): Promise<number> {
  const { StopSignals } = await import('./stop-signals.ts');
  const signals = new StopSignals();
  const { control } = await import('./control/control.ts');
  return control(options, { version, signals }, terminal);
}

async function startGateway(options: GatewayCommandOptions, terminal: Terminal): Promise<number> {
  const { StopSignals } = await import('./stop-signals.ts');
  const signals = new StopSignals();
  const { gateway } = await import('./gateway/gateway.ts');
  return gateway(options, { version, signals }, terminal);
}

async function startRun(options: RunOptions, terminal: Terminal): Promise<number> {
  const { StopSignals } = await import('./stop-signals.ts');
  const signals = new StopSignals();
  const { run } = await import('./agent/run.ts');
  return run(options, { version, signals }, terminal);
}

function reasonNotToRead(folder: string): string | undefined {
  try {
    statSync(folder);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'no such file or folder' : (code ?? message);
  }
}

/** The package's own manifest: two folders up from the sources and from what the build emits alike. */
function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
