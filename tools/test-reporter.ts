// Node's spec report, with one thing put before its closing lines: processes that the tests left behind. They are named
// here and not after the run so that the closing lines stay the last ones.
import process from 'node:process';
import { Transform } from 'node:stream';
import { spec } from 'node:test/reporters';
import { awaitNoneLeft, RUN_MARK } from './left-behind.ts';

const PATIENCE_MS = 3000;

type TestEvent = { readonly type: string; readonly data: { readonly nesting?: number; readonly message?: string } };

const report = new spec();
let hasLooked = false;

const reporter = new Transform({
  objectMode: true,
  transform(event: TestEvent, _encoding, done) {
    const pass = () => report.write(event, () => done());
    if (hasLooked || !startsClosingLines(event)) return pass();
    hasLooked = true;
    nameLeftBehind().then((lines) => {
      this.push(lines);
      pass();
    }, done);
  },
  flush(done) {
    report.on('end', () => done());
    report.end();
  },
});
report.on('data', (chunk) => reporter.push(chunk));

export default reporter;

function startsClosingLines({ type, data }: TestEvent): boolean {
  return type === 'test:diagnostic' && data.nesting === 0 && /^tests \d+$/.test(data.message ?? '');
}

async function nameLeftBehind(): Promise<string> {
  const mark = process.env[RUN_MARK];
  if (mark === undefined) return '';
  const left = await awaitNoneLeft(process.pid, mark, PATIENCE_MS);
  if (left.length === 0) return '';
  process.exitCode = 1;
  const lines = left.map(({ pid, commandLine }) => `  ${pid} ${commandLine}\n`);
  return `\nFAILED: the tests left ${left.length} processes behind (end each one in the test that started it):\n${lines.join('')}\n`;
}
