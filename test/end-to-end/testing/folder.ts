import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Makes an empty folder that is removed with the test. */
export function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file as editors and deployments do: nobody ever sees half of it. */
export function replaceFile(path: string, text: string): void {
  const beside = join(path, '..', `.${Date.now()}.tmp`);
  writeFileSync(beside, text);
  renameSync(beside, path);
}

export interface GatewayDocument {
  readonly port: number;
  readonly name?: string;
  readonly address?: string;
}

/** @returns a Gateway with one HTTP listener */
export function gatewayDocument({ port, name = 'edge', address = '127.0.0.1' }: GatewayDocument): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: ${address} }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
`;
}

export interface RouteDocument {
  readonly originPort: number;
  readonly name?: string;
  readonly path?: string;
  /** Goes into the header `x-generation` of each response. */
  readonly generation?: number;
}

/** @returns an HTTPRoute, and the Backend that it leads to */
export function routeDocument({ originPort, name = 'app', path = '/', generation = 0 }: RouteDocument): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: edge }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: ${path} } }]
      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: x-generation, value: "${generation}" }] }
      backendRefs: [{ group: selvage.dev, kind: Backend, name: ${name} }]
---
apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec:
  endpoints: [{ address: 127.0.0.1, port: ${originPort} }]
---
`;
}
