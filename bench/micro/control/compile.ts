// What a change costs the control plane, by the number of routes: from text to snapshot, and after an edit of one file.

import { Compiler } from '#control/compile/compiler.ts';
import { emptyState, reconcile, ReconcileMemo } from '#control/reconcile.ts';
import type { SourceFile } from '#control/sources/source-file.ts';
import { parseDocuments } from '#model/documents.ts';

const ROUTES_PER_FILE = 50;
const ROUNDS = 5;

const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  gatewayClassName: selvage
  listeners: [{name: http, port: 8080, protocol: HTTP}]
`;

// One route with its service and endpoints, as generators and people write them.
function documentsOf(i: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: route-${i}
  namespace: shop
spec:
  parentRefs:
    - name: edge
  hostnames:
    - service-${i}.example.com
  rules:
    - matches:
        - path: {type: PathPrefix, value: /api/service-${i}}
          headers: [{name: X-Version, value: "2"}]
        - path: {type: Exact, value: /status}
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: {set: [{name: X-Route, value: route-${i}}]}
      backendRefs:
        - {name: service-${i}, port: 80}
---
apiVersion: v1
kind: Service
metadata: {name: service-${i}, namespace: shop}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: service-${i}-1, namespace: shop, labels: {kubernetes.io/service-name: service-${i}}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.${i >> 8}.${i & 255}]}, {addresses: [10.1.${i >> 8}.${i & 255}]}]
`;
}

function filesOf(count: number): SourceFile[] {
  const files = [{ file: 'gateway.yaml', text: GATEWAY }];
  for (let from = 0; from < count; from += ROUTES_PER_FILE) {
    const documents = Array.from({ length: Math.min(ROUTES_PER_FILE, count - from) }, (_, i) => documentsOf(from + i));
    files.push({ file: `routes-${from}.yaml`, text: documents.join('---\n') });
  }
  return files;
}

function timed<T>(run: () => T): { readonly ms: number; readonly result: T } {
  const startedMs = performance.now();
  const result = run();
  return { ms: performance.now() - startedMs, result };
}

const printLine = (name: string, ms: number): boolean =>
  process.stdout.write(`${name.padEnd(48)} ${ms.toFixed(1).padStart(9)} ms\n`);

/** The first round is what a start costs, before the code is compiled; the last what a running process pays. */
function measureStages(count: number): void {
  const files = filesOf(count);
  for (let round = 1; round <= ROUNDS; round++) {
    const parsed = timed(() => files.flatMap(({ file, text }) => parseDocuments(file, text).resources));
    const compiled = timed(() => new Compiler().compile(parsed.result));
    if (round !== 1 && round !== ROUNDS) continue;
    const when = round === 1 ? 'first' : 'warm';
    printLine(`${count} routes, ${when}: parse ${parsed.result.length} objects`, parsed.ms);
    printLine(`${count} routes, ${when}: compile to ${compiled.result.snapshot.resources.size} resources`, compiled.ms);
  }
}

/** One route of one file gets another path, again and again. */
function measureEdit(count: number): void {
  const memo = new ReconcileMemo();
  const files = filesOf(count);
  let { state } = reconcile(emptyState, files, { memo });
  let ms = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const [gateway, edited, ...rest] = files;
    if (gateway === undefined || edited === undefined) return;
    const text = edited.text.replace('/api/service-0', `/api/edited-${round}`);
    const outcome = timed(() => reconcile(state, [gateway, { ...edited, text }, ...rest], { memo }));
    ({ state } = outcome.result);
    ({ ms } = outcome);
  }
  printLine(`${count} routes, warm: reconcile an edit of one file`, ms);
}

for (const count of [100, 1000]) {
  measureStages(count);
  measureEdit(count);
}
