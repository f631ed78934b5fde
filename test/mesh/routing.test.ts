import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { ObjectStatus } from '#control/status.ts';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { runSelvage } from '../end-to-end/testing/program.ts';
import { ask, openTunnel, type Asked, type Reply } from './testing/client.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const WITNESS = join(import.meta.dirname, 'testing/witness.mjs');
const ECHO = join(import.meta.dirname, 'testing/echo.mjs');
const IDLE = join(import.meta.dirname, 'testing/idle.mjs');

/** Services of the mesh, as `<namespace>/<name>`. Each runs one instance. */
const services = ['shop/catalog', 'shop/next', 'shop/copies', 'stock/granted', 'vault/closed'] as const;
/** Those who call, by service account. */
const callers = ['shop/web', 'front/web'] as const;

const serviceOf = (title: string, port: number): string => {
  const [namespace, name] = title.split('/');
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {ports: [{name: http, port: 80, targetPort: ${port}}]}
---
`;
};

/** A port of bytes that nobody serves, and a route that leads its connections to one that somebody does. */
const streams = (port: number): string => `apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {ports: [{name: tcp, port: 5432, targetPort: ${port}}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: shop}
spec: {ports: [{name: tcp, port: 5432}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: alias, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: alias}]
  rules: [{backendRefs: [{name: store, port: 5432}]}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: store, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: store}]
  action: DENY
  rules: [{name: strangers, from: [{notNamespaces: [shop]}]}]
`;

const documents = (ports: ReadonlyMap<string, number>): string => `${[...ports]
  .map(([title, port]) => serviceOf(title, port))
  .join('')}apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: producer, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: catalog}]
  rules:
    - matches: [{path: {value: /headers}}]
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: {set: [{name: x-set, value: producer}], add: [{name: x-add, value: b}], remove: [x-drop]}
        - {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-answer, value: changed}], remove: [x-served-by]}}
      backendRefs: [{name: catalog, port: 80}]
    - matches: [{path: {value: /redirect}}]
      filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301, path: {type: ReplacePrefixMatch, replacePrefixMatch: /headers}}}]
    - matches: [{path: {value: /rewrite}}]
      filters: [{type: URLRewrite, urlRewrite: {hostname: inner.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /inner}}}]
      backendRefs: [{name: catalog, port: 80}]
    - matches: [{path: {value: /mirror}}]
      filters: [{type: RequestMirror, requestMirror: {backendRef: {name: copies, port: 80}}}]
      backendRefs: [{name: catalog, port: 80}]
    - matches: [{path: {value: /cors}}]
      filters: [{type: CORS, cors: {allowOrigins: ["https://app.example"], allowMethods: [PUT]}}]
      backendRefs: [{name: catalog, port: 80}]
    - matches: [{path: {value: /slow}}]
      timeouts: {request: 300ms}
      backendRefs: [{name: catalog, port: 80}]
    - matches: [{path: {value: /weights}}]
      backendRefs:
        - {name: catalog, port: 80, weight: 1}
        - name: next
          port: 80
          weight: 1
          filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-set, value: next}]}}]
        - {name: copies, port: 80, weight: 0}
    - matches: [{path: {value: /granted}}]
      backendRefs: [{name: granted, namespace: stock, port: 80}]
    - matches: [{path: {value: /not-granted}}]
      backendRefs: [{name: closed, namespace: vault, port: 80}]
    - matches: [{path: {value: /private}}, {path: {value: /tried}}]
      backendRefs: [{name: catalog, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: shop, namespace: stock}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: "", kind: Service}]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: front, namespace: shop}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: front}]
  to: [{group: "", kind: Service}]
---
# Of a consumer: for calls from its own namespace it stands in the place of the producer's.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: consumer, namespace: front}
spec:
  parentRefs: [{group: "", kind: Service, name: catalog, namespace: shop}]
  rules:
    - matches: [{path: {value: /headers}}]
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-set, value: consumer}]}}]
      backendRefs: [{name: next, namespace: shop, port: 80}]
    - matches: [{path: {value: /private}}]
      backendRefs: [{name: catalog, namespace: shop, port: 80}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: private, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: catalog}]
  action: DENY
  rules: [{name: strangers, from: [{notServiceAccounts: [web]}], to: [{paths: [/private]}]}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: trial, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: catalog}]
  action: AUDIT
  rules: [{name: tried, to: [{paths: [/tried]}]}]
`;

interface Seen {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Case {
  /** @defaultValue shop/web */
  readonly from?: (typeof callers)[number];
  readonly path: string;
  readonly asked?: Asked;
  readonly status: number;
  /** What `selvage explain` calls it. */
  readonly outcome: string;
  readonly check?: (reply: Reply, seen: () => Seen) => void;
}

const cases: Readonly<Record<string, Case>> = {
  'request and response headers are changed': {
    path: '/headers?q=1',
    asked: { headers: { 'x-add': 'a', 'x-drop': 'x' } },
    status: 200,
    outcome: 'forwarded',
    check: ({ headers }, seen) => {
      const { url, headers: got } = seen();
      assert.deepEqual(
        [url, got['x-set'], got['x-add'], got['x-drop']],
        ['/headers?q=1', 'producer', 'a, b', undefined],
      );
      assert.deepEqual([headers['x-answer'], headers['x-served-by']], ['changed', undefined]);
    },
  },
  'requests are redirected': {
    path: '/redirect/1',
    status: 301,
    outcome: 'answered',
    check: ({ headers }) => assert.equal(headers.location, 'http://catalog.shop/headers/1'),
  },
  'path and host are rewritten': {
    path: '/rewrite/1',
    status: 200,
    outcome: 'forwarded',
    check: (_, seen) => assert.deepEqual([seen().url, seen().headers['host']], ['/inner/1', 'inner.example']),
  },
  'copies are sent': { path: '/mirror/1', status: 200, outcome: 'forwarded' },
  'preflights are answered without the application': {
    path: '/cors',
    asked: { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT' } },
    status: 200,
    outcome: 'answered',
    check: ({ headers }) => assert.equal(headers['access-control-allow-origin'], 'https://app.example'),
  },
  'requests that take too long are given up': { path: '/slow', status: 504, outcome: 'forwarded' },
  'a backend in another namespace gets requests where that permits it': {
    path: '/granted',
    status: 200,
    outcome: 'forwarded',
    check: (_, seen) => assert.equal(seen().name, 'granted'),
  },
  'and none where it does not': { path: '/not-granted', status: 500, outcome: 'failed' },
  'what no rule matches is refused': { path: '/other', status: 404, outcome: 'failed' },
  'a consumer sees its own route': {
    from: 'front/web',
    path: '/headers',
    status: 200,
    outcome: 'forwarded',
    check: (_, seen) => assert.deepEqual([seen().name, seen().headers['x-set']], ['next', 'consumer']),
  },
  'and nothing of the one that it stands for': { from: 'front/web', path: '/granted', status: 404, outcome: 'failed' },
  'a policy lets its friends in': { path: '/private', status: 200, outcome: 'forwarded' },
  'and refuses all others': {
    from: 'front/web',
    path: '/private',
    status: 403,
    outcome: 'refused',
    check: ({ body }) => {
      const problem = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual([problem['code'], problem['policy']], ['access_denied', 'AuthorizationPolicy/shop/private']);
      assert.doesNotMatch(body, /strangers|rule/);
    },
  },
  'an audited policy lets requests pass': { path: '/tried', status: 200, outcome: 'forwarded' },
};

/** A mesh with all services and callers. @returns how to ask as a caller, and where logs are */
async function startMesh(t: TestContext) {
  const mesh = await MeshProcesses.start(t);
  const logs = createFolder(t);
  const ports = new Map<string, number>();
  for (const title of services) ports.set(title, await freePort());
  const storePort = await freePort();
  replaceFile(join(mesh.documents, 'mesh.yaml'), documents(ports));
  replaceFile(join(mesh.documents, 'streams.yaml'), streams(storePort));
  const start = async (title: string, flags: readonly string[], ...command: string[]) => {
    const [namespace = '', name = ''] = title.split('/');
    const token = await mesh.token(name, '--namespace', namespace);
    const identity = ['--namespace', namespace, '--service-account', name, '--token', token];
    const log = ['--access-log', join(logs, `${namespace}-${name}.log`)];
    return mesh.run([...identity, ...log, '--id', title.replace('/', '-'), ...flags], process.execPath, ...command);
  };
  await Promise.all(
    [...ports].map(([title, port]) => {
      const name = title.split('/')[1]!;
      return start(title, ['--service', name, '--port', String(port)], WITNESS, String(port), name);
    }),
  );
  await start('shop/store', ['--service', 'store', '--port', `${storePort}/tcp`], ECHO, String(storePort));
  const proxies = new Map(
    await Promise.all(
      callers.map(async (title) => {
        const caller = await start(title, [], IDLE);
        return [title, Number((await caller.printed(/:(\d+)\n/))[1])] as const;
      }),
    ),
  );
  await mesh.workloads(...[...services, 'shop/store', ...callers].map((title) => `${title.replace('/', '-')} ready`));
  const askAs = (caller: (typeof callers)[number], path: string, asked: Asked = {}, host = 'catalog.shop') =>
    ask(proxies.get(caller)!, `http://${host}${path}`, asked);
  /** Lines of an access log, as soon as one of them fits. */
  const logged = async (title: string, fits: (line: LogLine) => boolean): Promise<LogLine> => {
    let found: LogLine | undefined;
    await eventually(async () => {
      const text = readFileSync(join(logs, `${title.replace('/', '-')}.log`), 'utf8');
      found = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine)
        .find(fits);
      return found === undefined ? `no such line in ${text}` : undefined;
    });
    return found!;
  };
  const tunnelAs = (caller: (typeof callers)[number], authority: string) => openTunnel(proxies.get(caller)!, authority);
  return { mesh, askAs, tunnelAs, logged };
}

type LogLine = Readonly<Record<string, unknown>>;

test('routes and policies of the mesh do between sidecars what they do at a gateway, and what explain says', async (t) => {
  const { mesh, askAs, tunnelAs, logged } = await startMesh(t);

  for (const [what, { from = 'shop/web', path, asked = {}, status, outcome, check }] of Object.entries(cases))
    await t.test(what, async () => {
      const reply = await askAs(from, path, asked);
      assert.equal(reply.status, status, reply.body);
      check?.(reply, () => JSON.parse(reply.body) as Seen);
      const headers = Object.entries(asked.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const url = `http://catalog.shop${path}`;
      const words = ['explain', mesh.documents, asked.method ?? 'GET', url, '--from', from, '--format', 'json'];
      const { stdout } = await runSelvage(t, ...words, ...headers);
      assert.equal((JSON.parse(stdout) as { readonly outcome: string }).outcome, outcome);
    });

  await t.test('what became of routes and policies at their Services is told', async () => {
    const objects = await mesh.get<readonly ObjectStatus[]>('objects');
    const statusesOf = (kind: string, name: string): readonly string[] => {
      const found = objects.find((object) => object.kind === kind && object.name === name);
      const places = [...(found?.parents ?? []), ...(found?.ancestors ?? [])];
      return places.flatMap(({ conditions, ...place }) => {
        const ref = 'parentRef' in place ? place.parentRef : place.ancestorRef;
        return conditions.map(({ type, status, reason }) => `${ref.kind} ${ref.name} ${type} ${status} ${reason}`);
      });
    };
    assert.deepEqual(statusesOf('HTTPRoute', 'producer'), [
      'Service catalog Accepted True Accepted',
      'Service catalog ResolvedRefs False RefNotPermitted',
    ]);
    assert.deepEqual(statusesOf('TCPRoute', 'alias'), [
      'Service alias Accepted True Accepted',
      'Service alias ResolvedRefs True ResolvedRefs',
    ]);
    assert.deepEqual(statusesOf('AuthorizationPolicy', 'private'), ['Service catalog Accepted True Accepted']);
  });

  await t.test('copies reach whom they are for', () =>
    eventually(async () => {
      const { body } = await askAs('shop/web', '/seen', {}, 'copies.shop');
      return body.includes('/mirror/1') ? undefined : `seen: ${body}`;
    }),
  );

  await t.test('backends get their shares, with filters of their own', async () => {
    const seen = new Set<string>();
    await eventually(async () => {
      const { name, headers } = JSON.parse((await askAs('shop/web', '/weights')).body) as Seen;
      seen.add(`${name} ${headers['x-set'] ?? '-'}`);
      return seen.size === 2 ? undefined : `seen ${[...seen].join()}`;
    });
    assert.deepEqual([...seen].toSorted(), ['catalog -', 'next next']);
  });

  await t.test('connections follow their route, and whom a policy denies them is told so once', async () => {
    const socket = await tunnelAs('shop/web', 'alias.shop:5432');
    assert.ok(typeof socket !== 'number', 'refused');
    socket.end('hello over there');
    assert.equal(await text(socket), 'hello over there');
    assert.equal(await tunnelAs('front/web', 'alias.shop:5432'), 403);
    const passed = await logged('shop/web', (line) => line['protocol'] === 'TCP');
    assert.deepEqual([passed['route'], passed['cluster']], ['TCPRoute/shop/alias', 'Service/shop/store:5432']);
    const denied = await logged('shop/store', (line) => line['status'] === 403);
    assert.equal(denied['authorization'], 'denied AuthorizationPolicy/shop/store strangers');
    const here = await logged('front/web', (line) => line['method'] === 'CONNECT');
    assert.deepEqual([here['errorCode'], here['flags'], here['attempts']], ['access_denied', 'UAEX', 1]);
  });

  await t.test(
    'a denial is logged with its policy and rule where it was made, and as an answer where it was asked for',
    async () => {
      const isPrivate = (line: LogLine): boolean => String(line['path']).endsWith('/private') && line['status'] === 403;
      const there = await logged('shop/catalog', isPrivate);
      assert.equal(there['authorization'], 'denied AuthorizationPolicy/shop/private strangers');
      assert.equal(there['errorCode'], 'access_denied');
      assert.equal(there['sourcePrincipal'], 'spiffe://cluster.local/ns/front/sa/web');
      const here = await logged('front/web', isPrivate);
      assert.deepEqual([here['flags'], here['authorization'], here['errorCode']], ['-', undefined, undefined]);
      assert.equal(here['requestId'], there['requestId']);
      assert.match(String(here['endpoint']), /^127\.0\.0\.1:/);
    },
  );

  await t.test('an audit is logged where it was made', async () => {
    const there = await logged('shop/catalog', (line) => line['path'] === '/tried');
    assert.deepEqual(
      [there['authorization'], there['status']],
      ['would-deny AuthorizationPolicy/shop/trial tried', 200],
    );
  });
});
