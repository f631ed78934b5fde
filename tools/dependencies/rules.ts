import { findCycles, shortestWalk, type Walk } from './walks.ts';
import { folderOf, type Edge, type Graph, type SourceFile } from './graph.ts';
import {
  ASSEMBLY_PARTS,
  DASHBOARD_DOOR,
  IO_FREE,
  isTestCode,
  isWithin,
  PACKAGE_FREE,
  PROXY_STAGES,
  PURE_BUILTINS,
  ROW_OF,
} from './policy.ts';

/** One breach of the tree's order. */
export type Violation = {
  readonly path: string;
  readonly line: number;
  readonly rule:
    | 'tree'
    | 'row'
    | 'specifier'
    | 'proxy-stage'
    | 'given-snapshot'
    | 'dashboard'
    | 'test-code'
    | 'no-package'
    | 'no-io'
    | 'cycle'
    | 'type-cycle';
  /** What is wrong, and in parentheses what to do. */
  readonly message: string;
};

type Finding = Pick<Violation, 'rule' | 'message'>;
type EdgeRule = (file: SourceFile, edge: Edge, target: string) => Finding | undefined;

/** Rules on an import of another file of the tree; the first that speaks is the most specific one and is reported. */
const FILE_RULES: readonly EdgeRule[] = [checkSnapshotIsGiven, checkDashboard, checkRow, checkStage];

/** Checks every rule and returns all violations, by path and line. */
export function checkDependencies(graph: Graph): Violation[] {
  const violations = [...graph.values()].flatMap((file) => [
    ...checkPlace(file),
    ...file.edges.flatMap((edge) => checkEdge(file, edge)),
    ...BANS.flatMap((ban) => checkBan(graph, file, ban)),
  ]);
  violations.push(...checkCycles(graph));
  return violations.toSorted((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

function checkPlace(file: SourceFile): Violation[] {
  const folder = folderOf(file.path);
  const isKnown = folder !== undefined && ROW_OF.has(folder);
  if (!isKnown) {
    const message = `lies in no folder of the tree (move it into one of ${[...ROW_OF.keys()].join(', ')})`;
    return [{ path: file.path, line: 1, rule: 'tree', message }];
  }
  const stage = folder === 'proxy' ? stageOf(file.path) : undefined;
  if (stage === undefined || PROXY_STAGES.has(stage) || ASSEMBLY_PARTS.has(stage)) return [];
  const message = `${stage} is no stage of the proxy (stages: ${[...PROXY_STAGES].join(', ')})`;
  return [{ path: file.path, line: 1, rule: 'tree', message }];
}

function checkEdge(file: SourceFile, edge: Edge): Violation[] {
  if (edge.target.kind !== 'file') return [];
  const target = edge.target.path;
  const findings: (Finding | undefined)[] = [checkSpecifier(file, edge, target), checkTestCode(file, edge, target)];
  for (const rule of FILE_RULES) {
    const finding = rule(file, edge, target);
    if (finding === undefined) continue;
    findings.push(finding);
    break;
  }
  return findings.flatMap((finding) => (finding ? [{ path: file.path, line: edge.line, ...finding }] : []));
}

function checkSpecifier(file: SourceFile, edge: Edge, target: string): Finding | undefined {
  const rule = 'specifier';
  const says = edge.specifier;
  const isOwn = folderOf(target) === folderOf(file.path);
  if (!/\.tsx?$/.test(says)) return { rule, message: `'${says}' names no source file (end it in .ts)` };
  if (!target.startsWith('src/')) return { rule, message: `'${says}' leaves src/ (pass it in, or move it here)` };
  if (says.startsWith('#') && isOwn) return { rule, message: `'${says}' is in the same folder (use a relative path)` };
  if (!says.startsWith('#') && !isOwn) {
    return { rule, message: `'${says}' is in another folder (write '#${target.slice('src/'.length)}')` };
  }
  return undefined;
}

function checkTestCode(file: SourceFile, _edge: Edge, target: string): Finding | undefined {
  if (isTestCode(file.path) || !isTestCode(target)) return undefined;
  return { rule: 'test-code', message: `${target} is test code (only tests may import it)` };
}

function checkSnapshotIsGiven(file: SourceFile, _edge: Edge, target: string): Finding | undefined {
  const folder = folderOf(target);
  if (folderOf(file.path) !== 'proxy' || (folder !== 'xds' && folder !== 'control')) return undefined;
  return {
    rule: 'given-snapshot',
    message: `proxy must not import ${folder} (it is given a snapshot; join them in app)`,
  };
}

function checkDashboard(file: SourceFile, _edge: Edge, target: string): Finding | undefined {
  if (folderOf(file.path) !== 'dashboard' || folderOf(target) === 'dashboard' || target === DASHBOARD_DOOR) {
    return undefined;
  }
  return { rule: 'dashboard', message: `dashboard must not import ${target} (it sees only ${DASHBOARD_DOOR})` };
}

function checkRow(file: SourceFile, _edge: Edge, target: string): Finding | undefined {
  const own = folderOf(file.path);
  const other = folderOf(target);
  if (own === undefined || other === undefined || own === other) return undefined;
  const ownRow = ROW_OF.get(own);
  const otherRow = ROW_OF.get(other);
  if (ownRow === undefined || otherRow === undefined || otherRow < ownRow) return undefined;
  const reason = ownRow === otherRow ? 'stands beside it on the same row' : 'is on a later row';
  return {
    rule: 'row',
    message: `${own} must not import ${other}, which ${reason} (move what both need to an earlier row)`,
  };
}

function checkStage(file: SourceFile, _edge: Edge, target: string): Finding | undefined {
  if (folderOf(file.path) !== 'proxy' || folderOf(target) !== 'proxy') return undefined;
  const own = stageOf(file.path);
  const other = stageOf(target);
  if (own === undefined || ASSEMBLY_PARTS.has(own) || own === other || other === 'exchange') return undefined;
  const message = `stage ${own} must not import ${target} (put the contract into exchange; assemblies join stages)`;
  return { rule: 'proxy-stage', message };
}

/** The folder below `src/proxy/`; undefined for the assemblies, which lie directly in it. */
function stageOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 3 ? parts[2] : undefined;
}

/** What a part of the tree must not load, neither itself nor through what it imports. */
type Ban = {
  readonly rule: Violation['rule'];
  readonly parts: readonly string[];
  readonly does: string;
  readonly isBroken: (edge: Edge) => boolean;
};

const BANS: readonly Ban[] = [
  {
    rule: 'no-package',
    parts: PACKAGE_FREE,
    does: 'load an npm package',
    isBroken: (edge) => edge.target.kind === 'package',
  },
  {
    rule: 'no-io',
    parts: IO_FREE,
    does: 'do input or output',
    isBroken: (edge) => edge.target.kind === 'builtin' && !PURE_BUILTINS.has(edge.target.name),
  },
];

function checkBan(graph: Graph, file: SourceFile, ban: Ban): Violation[] {
  if (isTestCode(file.path) || !isWithin(file.path, ban.parts)) return [];
  const own = file.edges.filter(ban.isBroken);
  return own.length > 0 ? own.map((edge) => reportOwn(file, edge, ban)) : checkReach(graph, file, ban);
}

function reportOwn({ path }: SourceFile, { line, specifier }: Edge, { rule, does }: Ban): Violation {
  const advice = 'take it as a parameter, or move this file to a folder that may';
  return { path, line, rule, message: `must not ${does}, here '${specifier}' (${advice})` };
}

function checkReach(graph: Graph, { path }: SourceFile, { rule, parts, does, isBroken }: Ban): Violation[] {
  const walk = shortestWalk(graph, path, isLoaded, (edge) => isLoaded(edge) && isBroken(edge));
  // Where the walk goes on in a file under the same ban, that file is reported, and not all that import it.
  if (walk === undefined || isWithin(walk[1]?.path ?? '', parts)) return [];
  const message = `must not ${does}, as it does through ${describe(walk)} (import types only, or split that file)`;
  return [{ path, line: lineOf(walk), rule, message }];
}

function checkCycles(graph: Graph): Violation[] {
  const atRunTime = findCycles(graph, isLoaded);
  const known = new Set(atRunTime.flatMap((cycle) => cycle.map((step) => step.path)));
  const ofTypes = findCycles(graph, () => true).filter((cycle) => !cycle.every((step) => known.has(step.path)));
  const report = (cycle: Walk, rule: Violation['rule'], advice: string): Violation => {
    const path = cycle[0]?.path ?? '';
    return { path, line: lineOf(cycle), rule, message: `imports itself through ${describe(cycle)} (${advice})` };
  };
  return [
    ...atRunTime.map((cycle) => report(cycle, 'cycle', 'move what both need into a file of its own')),
    ...ofTypes.map((cycle) =>
      report(cycle, 'type-cycle', 'by types only: move the shared type into a file of its own'),
    ),
  ];
}

function isLoaded(edge: Edge): boolean {
  return !edge.isTypeOnly;
}

function lineOf(walk: Walk): number {
  return walk[0]?.edge.line ?? 1;
}

function describe(walk: Walk): string {
  return walk.map(({ edge }) => (edge.target.kind === 'file' ? edge.target.path : edge.target.name)).join(' → ');
}
