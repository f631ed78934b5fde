import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '#transport/testing/certificates.ts';
import { replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const AUTHORITY = createCertificate({ name: 'somebody', isAuthority: true });
const STRANGER = createCertificate({ name: 'somebody', isAuthority: true });
const API = createCertificate({ name: 'api', alternatives: ['api.example.com'], issuer: AUTHORITY });

const startOutside = async (context: TestContext): Promise<number> => {
  const server = createServer({ cert: API.certificate, key: API.key }, (incoming, response) => {
    response.end(`outside ${incoming.headers.host} ${incoming.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

const mesh = (outbound: string): string => `apiVersion: selvage.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { outbound: ${outbound} }
`;

const backend = (port: number): string => `apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: { name: api }
spec:
  hostnames: [api.example.com]
  endpoints: [{ address: 127.0.0.1, port: ${port} }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: api }
spec:
  targetRefs: [{ group: selvage.dev, kind: Backend, name: api }]
  validation:
    hostname: api.example.com
    caCertificateRefs: [{ group: "", kind: ConfigMap, name: api }]
`;

const authority = (certificate: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: api }
data:
  ca.crt: |
${certificate.trim().replaceAll(/^/gm, '    ')}
`;

test('what leaves the mesh is as declared: by name, over TLS to who is trusted, and nothing else', async (t) => {
  const outside = await startOutside(t);
  const processes = await MeshProcesses.start(t);
  const save = (name: string, text: string): void => replaceFile(join(processes.documents, name), text);
  save('mesh.yaml', mesh('RegistryOnly'));
  const web = await processes.runCaller('web', 'http://api.example.com/items', '--id', 'web-1');
  await web.printed(/^502 .*egress_denied/m);

  save('authority.yaml', authority(AUTHORITY.certificate));
  save('backend.yaml', backend(outside));
  await web.printed(/^200 outside api\.example\.com \/items$/m);

  save('authority.yaml', authority(STRANGER.certificate));
  await web.printed(/^502 .*upstream_tls_failed/m);

  // A mistake in the policy takes nothing back of what was valid: nothing is sent in the clear.
  save('backend.yaml', backend(outside).replace('validation:', 'valid:'));
  await processes.control.said(/spec\.valid: unknown field/);
  await processes.control.said(/keeps serving its version from/);
  save('authority.yaml', authority(AUTHORITY.certificate));
  await web.printed(/upstream_tls_failed[\s\S]*^200 outside/m);
  for (const line of web.stdout.split('\n').slice(0, -1)) assert.match(line, /^(?:502 |200 outside )/);
});

test('a way out that was declared is known without the control plane, and others are decided about at once', async (t) => {
  const outside = await startOutside(t);
  const processes = await MeshProcesses.start(t);
  replaceFile(
    join(processes.documents, 'all.yaml'),
    [mesh('RegistryOnly'), authority(AUTHORITY.certificate), backend(outside)].join('---\n'),
  );
  const web = await processes.runCaller('web', 'http://api.example.com/', '--id', 'web-1', '--proxy-port', '0');
  await web.printed(/^200 outside/m);
  const other = await processes.runCaller('job', 'http://shop.example/', '--id', 'job-1');
  await other.printed(/^502 .*egress_denied/m);
  processes.control.kill('SIGKILL');
  await processes.control.ended;
  const linesOf = (text: string): number => text.split('\n').length;
  // `shop.example` could be a service, and nobody can be asked whether it is.
  const [fromWeb, fromOther] = [linesOf(web.stdout), linesOf(other.stdout)];
  await eventually(async () =>
    linesOf(web.stdout) > fromWeb + 50 && linesOf(other.stdout) > fromOther + 50 ? undefined : 'few requests',
  );
  for (const line of web.stdout.split('\n').slice(fromWeb, -1)) assert.match(line, /^200 outside/);
});

test('a route with a Service as parent sends requests to a declared Backend, over TLS', async (t) => {
  const [outside, port] = [await startOutside(t), await freePort()];
  const processes = await MeshProcesses.start(t);
  const route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: out }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart }]
  rules:
    - matches: [{ path: { value: /api } }]
      filters: [{ type: URLRewrite, urlRewrite: { hostname: api.example.com } }]
      backendRefs: [{ group: selvage.dev, kind: Backend, name: api }]
    - backendRefs: [{ name: cart, port: 80 }]
`;
  replaceFile(
    join(processes.documents, 'all.yaml'),
    [mesh('RegistryOnly'), authority(AUTHORITY.certificate), backend(outside), route].join('---\n'),
  );
  await processes.runApplication('cart', port, '--id', 'cart-1');
  await processes.workloads('cart-1 ready');
  const api = await processes.runCaller('web', 'http://cart/api/items', '--id', 'web-1');
  await api.printed(/^200 outside api\.example\.com \/api\/items$/m);
  const own = await processes.runCaller('job', 'http://cart/items', '--id', 'job-1');
  await own.printed(new RegExp(`^200 cart:${port} /items `, 'm'));
});
