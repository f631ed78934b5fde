import type { Edge, Graph } from './graph.ts';

/** Imports that lead from file to file, each with the file that holds it. In a cycle the last leads to the first. */
export type Walk = readonly { readonly path: string; readonly edge: Edge }[];

/**
 * Finds one shortest cycle through the first file of each group of files that reach each other.
 *
 * @param follows - which imports count
 */
export function findCycles(graph: Graph, follows: (edge: Edge) => boolean): Walk[] {
  const done = new Set<string>();
  const cycles: Walk[] = [];
  for (const path of graph.keys()) {
    if (done.has(path)) continue;
    const cycle = shortestCycleThrough(graph, path, follows);
    for (const step of cycle ?? []) done.add(step.path);
    if (cycle !== undefined) cycles.push(cycle);
  }
  return cycles;
}

function shortestCycleThrough(graph: Graph, start: string, follows: (edge: Edge) => boolean): Walk | undefined {
  return shortestWalk(graph, start, follows, (edge) => edge.target.kind === 'file' && edge.target.path === start);
}

/**
 * Finds the shortest walk from a file along imports that ends with one that `isGoal` accepts.
 *
 * @returns the steps, each with the file that holds the import, or undefined where there is no such walk
 */
export function shortestWalk(
  graph: Graph,
  start: string,
  follows: (edge: Edge) => boolean,
  isGoal: (edge: Edge) => boolean,
): Walk | undefined {
  const cameBy = new Map<string, Walk[number] | undefined>([[start, undefined]]);
  for (const path of cameBy.keys()) {
    for (const edge of graph.get(path)?.edges ?? []) {
      if (!follows(edge)) continue;
      if (isGoal(edge)) return walkTo(cameBy, { path, edge });
      if (edge.target.kind === 'file' && !cameBy.has(edge.target.path)) cameBy.set(edge.target.path, { path, edge });
    }
  }
  return undefined;
}

function walkTo(cameBy: ReadonlyMap<string, Walk[number] | undefined>, last: Walk[number]): Walk {
  const steps = [last];
  for (let step = cameBy.get(last.path); step !== undefined; step = cameBy.get(step.path)) steps.unshift(step);
  return steps;
}
