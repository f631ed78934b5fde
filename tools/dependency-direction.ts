// Holds the sources to the order of the tree that ARCHITECTURE.md draws. Usage: node tools/dependency-direction.ts [root]
import { dirname } from 'node:path';
import { readGraph } from './dependencies/graph.ts';
import { checkDependencies } from './dependencies/rules.ts';

const graph = readGraph(process.argv[2] ?? dirname(import.meta.dirname));
const violations = checkDependencies(graph);
for (const { path, line, rule, message } of violations) console.log(`${path}:${line}: ${rule}: ${message}`);
console.log(`${graph.size} files, ${violations.length} violations of the dependency direction`);
if (violations.length > 0) process.exitCode = 1;
