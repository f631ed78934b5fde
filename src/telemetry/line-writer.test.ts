import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LineWriter, type LineWriterOptions } from './line-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'selvage-log-'));
after(() => rmSync(folder, { recursive: true }));

const moduleUrl = new URL('line-writer.ts', import.meta.url).href;

const openWriter = (
  path: string,
  options: Partial<LineWriterOptions> = {},
): { writer: LineWriter; warnings: string[] } => {
  const warnings: string[] = [];
  const writer = new LineWriter({ type: 'file', path }, { warn: (message) => warnings.push(message), ...options });
  return { writer, warnings };
};

/** Runs a script in a process of its own. @returns its standard output */
const runScript = (script: string, shellPrefix = ''): string => {
  const command = `${shellPrefix}exec "$0" --input-type=module -e "$1"`;
  const result = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(result.stderr, '');
  return result.stdout;
};

test('LineWriter appends what it was given, in order, behind what is there', async () => {
  const path = join(folder, 'order.log');
  for (const part of [0, 1]) {
    const { writer } = openWriter(path);
    for (let i = 0; i < 5000; i++) writer.append(`line ${part * 5000 + i}\n`);
    await writer.close();
    assert.equal(writer.dropped, 0);
  }
  assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 10_000 }, (_, i) => `line ${i}\n`).join(''));
});

test('LineWriter writes a single line without being asked to', async () => {
  const path = join(folder, 'alone.log');
  const { writer } = openWriter(path);
  writer.append('alone\n');
  const deadlineMs = performance.now() + 5000;
  while (!existsSync(path) || readFileSync(path, 'utf8') === '') {
    assert.ok(performance.now() < deadlineMs, 'the line was never written');
    await delay(5);
  }
  assert.equal(readFileSync(path, 'utf8'), 'alone\n');
  await writer.close();
});

test('LineWriter goes on in a new file after reopen', async () => {
  const path = join(folder, 'rotated.log');
  const { writer } = openWriter(path);
  writer.append('old\n');
  await writer.flush();
  renameSync(path, `${path}.1`);
  writer.append('still old\n');
  await writer.flush();
  writer.reopen();
  writer.append('new\n');
  await writer.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\nstill old\n');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('LineWriter keeps the old file when the new one cannot be opened', async () => {
  const path = join(folder, 'kept.log');
  const { writer, warnings } = openWriter(path);
  writer.append('one\n');
  await writer.flush();
  renameSync(path, `${path}.1`);
  spawnSync('mkdir', [path]);
  writer.reopen();
  writer.append('two\n');
  await writer.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n');
  assert.match(warnings.join('\n'), /^cannot open access log .*kept\.log: it is a folder \(/);
});

test('LineWriter counts what a full disk refuses, and warns once', async () => {
  const { writer, warnings } = openWriter('/dev/full');
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) writer.append('lost\n');
    await writer.flush();
  }
  await writer.close();
  assert.equal(writer.dropped, 30);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^cannot write access log \/dev\/full: no space left on device \(/);
});

test('LineWriter counts what it may not write, and never throws', async () => {
  const { writer, warnings } = openWriter(join(folder, 'missing', 'access.log'));
  writer.append('lost\n');
  await writer.close();
  writer.append('after the end\n');
  assert.equal(writer.dropped, 2);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /its folder does not exist/);
});

test('LineWriter bounds what waits, and counts the rest', async () => {
  const path = join(folder, 'bounded.log');
  const { writer } = openWriter(path, { maxQueuedBytes: 1000 });
  for (let i = 0; i < 1000; i++) writer.append('0123456789abcde\n'); // no turn of the event loop, so no write either
  assert.equal(writer.dropped, 1000 - 62);
  await writer.flush();
  writer.append('0123456789abcde\n');
  await writer.close();
  assert.equal(readFileSync(path, 'utf8').length, 63 * 16);
});

test('LineWriter ends a line that a failed write has torn before it goes on', () => {
  const path = join(folder, 'torn.log');
  runScript(
    `import { LineWriter } from ${JSON.stringify(moduleUrl)};
     import { readFileSync, truncateSync } from 'node:fs';
     const path = ${JSON.stringify(path)};
     const writer = new LineWriter({ type: 'file', path }, { warn: () => {} });
     for (let i = 0; i < 100; i++) writer.append('0123456789abcdef0\\n');
     await writer.flush();
     console.log(readFileSync(path).length, writer.dropped);
     truncateSync(path, 5);
     writer.append('whole\\n');
     await writer.close();`,
    'trap "" XFSZ; ulimit -f 1; ', // 1024 octets, which end within a line
  );
  assert.equal(readFileSync(path, 'utf8'), '01234\nwhole\n');
});

test('LineWriter loses nothing when a process exits without closing it', () => {
  const path = join(folder, 'exit.log');
  runScript(
    `import { LineWriter } from ${JSON.stringify(moduleUrl)};
     const writer = new LineWriter({ type: 'file', path: ${JSON.stringify(path)} }, { warn: () => {} });
     for (let i = 0; i < 20000; i++) writer.append('line ' + i + '\\n');
     process.exit(0);`,
  );
  assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(''));
});

test('LineWriter and others that inherited the file behind standard output overwrite nothing of each other', () => {
  const path = join(folder, 'inherited.log');
  const script = `
    import { LineWriter } from ${JSON.stringify(moduleUrl)};
    import { writeSync } from 'node:fs';
    const writer = new LineWriter({ type: 'stdout' }, { warn: (message) => writeSync(2, message) });
    for (let i = 0; i < 50; i++) {
      writer.append('logged ' + i + '\\n');
      await writer.flush();
      writeSync(2, 'said ' + i + '\\n');
    }
    writer.append('left\\n'); // written as the process exits
  `;
  for (const redirection of [`>${path} 2>&1;`, `>>${path} 2>&1;`]) {
    runScript(script, `exec ${redirection} echo before; `);
  }
  const round = Array.from({ length: 50 }, (_, i) => `logged ${i}\nsaid ${i}\n`).join('');
  assert.equal(readFileSync(path, 'utf8'), `before\n${round}left\n`.repeat(2));
});

test('LineWriter recovers when the reader of a named pipe comes back', async () => {
  const path = join(folder, 'named.pipe');
  spawnSync('bash', ['-c', 'mkfifo "$0"', path]);
  const { writer, warnings } = openWriter(path);
  writer.append('nobody reads\n');
  await writer.flush();
  assert.equal(writer.dropped, 1);
  assert.match(warnings[0]!, /nobody reads the pipe/);
  const reader = spawn('head', ['-n', '1', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const read = once(reader.stdout, 'data');
  const timer = setInterval(() => writer.append('somebody reads\n'), 20); // an open is tried once a second
  const [text] = (await read) as [Buffer];
  clearInterval(timer);
  assert.match(String(text), /^somebody reads\n/);
  await writer.close();
});

test('LineWriter closes in spite of a reader that never reads, and counts what that loses', async () => {
  const path = join(folder, 'stuck.pipe');
  spawnSync('bash', ['-c', 'mkfifo "$0"', path]);
  const reader = spawn('bash', ['-c', 'exec 3<>"$0"; echo open; read -r', path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(reader.stdout, 'data');
  const { writer } = openWriter(path);
  for (let i = 0; i < 10_000; i++) writer.append('0123456789abcde\n');
  await writer.close();
  reader.stdin.end('\n');
  assert.ok(writer.dropped > 5000 && writer.dropped < 10_000, `${writer.dropped} lost`); // a pipe holds 64 KiB
});

const SEVERAL_THREADS = `
  import { Worker, isMainThread, threadId } from 'node:worker_threads';
  const { LineWriter } = await import(${JSON.stringify(moduleUrl)});
  const writer = new LineWriter(TARGET, { warn: (message) => { throw new Error(message); } });
  for (let i = 0; i < 3000; i++) {
    writer.append(threadId + ' ' + i + ' ' + 'x'.repeat(i % 300) + '.\\n');
    if (i % 100 === 0) await writer.flush();
  }
  await writer.close();
  if (writer.dropped !== 0) throw new Error('dropped ' + writer.dropped);
`;

const startThreads = (target: string): string =>
  `import { Worker } from 'node:worker_threads';
   const code = ${JSON.stringify(SEVERAL_THREADS)}.replace('TARGET', ${JSON.stringify(target)});
   const url = new URL('data:text/javascript,' + encodeURIComponent(code));
   for (let i = 0; i < 3; i++) new Worker(url);`;

const assertWholeLines = (text: string): void => {
  const lines = text.split('\n');
  assert.equal(lines.pop(), '');
  assert.equal(lines.length, 9000);
  const next = new Map<string, number>();
  for (const line of lines) {
    const match = /^(\d+) (\d+) x*\.$/.exec(line);
    assert.ok(match, `mixed line: ${line}`);
    assert.equal(Number(match[2]), next.get(match[1]!) ?? 0);
    next.set(match[1]!, Number(match[2]) + 1);
  }
};

test('LineWriter keeps lines whole while several threads append to one file', () => {
  const path = join(folder, 'threads.log');
  runScript(startThreads(JSON.stringify({ type: 'file', path })));
  assertWholeLines(readFileSync(path, 'utf8'));
});

// Node gives a child a socket; a shell gives it a pipe.
for (const [kind, suffix] of [
  ['socket', ''],
  ['pipe', ' | cat'],
]) {
  test(`LineWriter keeps lines whole while several threads write into one ${kind} whose reader is slow`, async () => {
    const script = startThreads('{ type: "stdout" }');
    const command = `set -o pipefail; "$0" --input-type=module -e "$1"${suffix}`;
    const child = spawn('bash', ['-c', command, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    let text = '';
    for await (const chunk of child.stdout.setEncoding('latin1')) {
      text += String(chunk);
      await delay(1);
    }
    const [code] = (await closed) as [number];
    assert.equal(code, 0);
    assertWholeLines(text);
  });
}
