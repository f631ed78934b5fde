import assert from 'node:assert/strict';
import test from 'node:test';
import { readGraph, type Graph } from '../../tools/dependencies/graph.ts';
import { shortestWalk } from '../../tools/dependencies/walks.ts';
import { ROOT } from './testing/program.ts';

/** What is started as a process of its own: naming its file loads nothing here. */
const OTHER_PROCESSES = new Set(['src/app/control-process.ts']);

/** @returns how the file comes to load something that `isHeavy`, as a list of names; undefined where it does not */
function wayTo(graph: Graph, start: string, isHeavy: (name: string) => boolean): string[] | undefined {
  const isLoaded = ({
    isTypeOnly,
    target,
  }: {
    isTypeOnly: boolean;
    target: { kind: string; path?: string };
  }): boolean => !isTypeOnly && !OTHER_PROCESSES.has(target.path ?? '');
  const walk = shortestWalk(graph, start, isLoaded, (edge) => {
    const { target } = edge;
    return isLoaded(edge) && isHeavy(target.kind === 'file' ? target.path : target.name);
  });
  return walk?.map(({ path, edge }) => `${path} → ${edge.specifier}`);
}

/** 24 MB for the libraries that read documents, 17 MB for Node's own HTTP: none of it serves a request. */
const isHeavy = (name: string): boolean =>
  !name.startsWith('src/') && (!name.startsWith('node:') || /^node:(http|https|http2|inspector)$/.test(name));

for (const file of [
  'src/app/up.ts',
  'src/app/worker-thread.ts',
  'src/app/control-client.ts',
  'src/app/stop-signals.ts',
  'src/app/agent/run.ts',
  'src/app/gateway/gateway.ts',
]) {
  test(`${file} loads nothing that reads documents, and no HTTP of Node`, () => {
    const graph = readGraph(ROOT);
    assert.ok(graph.has(file));
    assert.deepEqual(wayTo(graph, file, isHeavy), undefined);
    assert.deepEqual(
      wayTo(graph, file, (name) => /^src\/control\/(compile|reconcile)/.test(name)),
      undefined,
    );
  });
}

test('the control process does load them, so that the look-up is known to find them', () => {
  const graph = readGraph(ROOT);
  assert.notEqual(
    wayTo(graph, 'src/app/control-process.ts', (name) => name === 'zod'),
    undefined,
  );
});
