import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFolder } from './testing/folder.ts';
import { runSelvage, type Ending } from './testing/program.ts';

const documents = `apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: catalog-next, namespace: shop, annotations: {selvage.dev/service-accounts: "green, blue"}}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: legacy, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: legacy, namespace: shop, labels: {kubernetes.io/service-name: legacy}}
addressType: IPv4
ports: [{name: http, port: 80}]
endpoints: [{addresses: [10.0.0.9]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: split, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: catalog}]
  rules:
    - name: items
      matches: [{path: {value: /items}}]
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-mine, value: "1"}]}}]
      backendRefs: [{name: catalog, port: 80, weight: 9}, {name: catalog-next, port: 80, weight: 1}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: catalog}]
  action: ALLOW
  rules: [{name: web, from: [{serviceAccounts: [web, web-test]}], to: [{methods: [GET]}]}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: next, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: catalog-next}]
  action: DENY
  rules: [{name: testers, from: [{serviceAccounts: [web-test]}]}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: db, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: db}]
  action: ALLOW
  rules: [{from: [{serviceAccounts: [catalog]}]}]
`;

const closedMesh = `---
apiVersion: selvage.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {outbound: RegistryOnly}
`;

function explain(t: TestContext, words: string, extra = ''): Promise<Ending> {
  const folder = createFolder(t);
  writeFileSync(join(folder, 'mesh.yaml'), documents + extra);
  return runSelvage(t, 'explain', folder, ...words.split(' '));
}

test('selvage explain --from tells the route of a call, each backend, and what its sidecar makes of the caller', async (t) => {
  const { code, stdout } = await explain(t, 'GET http://catalog/items --from shop/web');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^GET http:\/\/catalog\/items {2}from shop\/web$/m);
  assert.match(stdout, /^ {2}let in at shop\/catalog: allowed AuthorizationPolicy\/shop\/readers web$/m);
  assert.match(stdout, /^caller +spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web$/m);
  assert.match(stdout, /^service +shop\/catalog, port 80 \(http\)$/m);
  assert.match(stdout, /^route +HTTPRoute\/shop\/split, rule items {2}.*mesh\.yaml:\d+$/m);
  assert.match(stdout, /Service\/shop\/catalog:80 {2}\(90 %, weight 9\)/);
  assert.match(stdout, /gets GET \/items, host catalog\n +x-mine: 1$/m);
  assert.match(
    stdout,
    /over mutual TLS, from a workload that must be spiffe:\/\/cluster\.local\/ns\/shop\/sa\/green$/m,
  );
});

test('selvage explain --from tells whom a policy refuses, by which rule, and of which share', async (t) => {
  const post = await explain(t, 'POST http://catalog.shop/items --from job');
  assert.equal(post.code, 1);
  assert.match(post.stdout, /^ {2}90 % refused: denied AuthorizationPolicy\/shop\/readers no-rule$/m);
  assert.match(
    post.stdout,
    /rule web: serviceAccount default\/job is not in shop\/web, shop\/web-test; method POST is not in GET$/m,
  );
  assert.match(post.stdout, /refused there with 403: denied AuthorizationPolicy\/shop\/readers no-rule/);
  const some = await explain(t, 'GET http://catalog/items --from shop/web-test --format json');
  assert.equal(some.code, 1);
  const { outcome, backends } = JSON.parse(some.stdout) as {
    outcome: string;
    backends: { judgement: { decision: string } }[];
  };
  assert.equal(outcome, 'partly-refused');
  assert.deepEqual(
    backends.map(({ judgement }) => judgement.decision),
    ['allowed AuthorizationPolicy/shop/readers web', 'denied AuthorizationPolicy/shop/next testers'],
  );
});

test('selvage explain --from tells what no route takes', async (t) => {
  const { code, stdout } = await explain(t, 'GET http://catalog/other --from shop/web');
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}404 route_not_found, by the caller's own sidecar/m);
  assert.match(stdout, /rule items: path \/other does not match PathPrefix \/items/);
});

const consumer = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: mine, namespace: front}
spec:
  parentRefs: [{group: "", kind: Service, name: catalog, namespace: shop}]
  rules: [{matches: [{path: {value: /mine}}], backendRefs: [{name: own, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: own, namespace: front}
spec: {ports: [{name: http, port: 80}]}
`;

test('selvage explain --from tells that the routes of a consumer stand in the place of the producer', async (t) => {
  const own = await explain(t, 'GET http://catalog.shop/mine --from front/web', consumer);
  assert.equal(own.code, 0);
  assert.match(own.stdout, /^route +HTTPRoute\/front\/mine, rule rule-0 .*$/m);
  assert.match(own.stdout, /in the place of HTTPRoute\/shop\/split, the producer's own$/m);
  const other = await explain(t, 'GET http://catalog.shop/items --from front/web', consumer);
  assert.deepEqual([other.code, /404 route_not_found/.test(other.stdout)], [1, true]);
  assert.match(other.stdout, /in the place of HTTPRoute\/shop\/split/);
  const unconcerned = await explain(t, 'GET http://catalog.shop/items --from other/web', consumer);
  assert.doesNotMatch(unconcerned.stdout, /in the place of/);
});

test('selvage explain --from says where no sidecar is that could judge', async (t) => {
  const { code, stdout } = await explain(t, 'GET http://legacy/ --from shop/web');
  assert.equal(code, 0);
  assert.match(stdout, /let in at shop\/legacy: no sidecar is there to ask a policy/);
  assert.match(stdout, /in the clear, at 10\.0\.0\.9:80: no sidecar is known there/);
});

test('selvage explain --from explains byte streams, and what is asked for in the wrong way', async (t) => {
  const friend = await explain(t, 'CONNECT db:5432 --from shop/catalog');
  assert.deepEqual([friend.code, /let in at shop\/db: allowed .*db rule-0/.test(friend.stdout)], [0, true]);
  const stranger = await explain(t, 'CONNECT db.shop.svc:5432 --from shop/web');
  assert.deepEqual([stranger.code, /refused with 403: denied .*db no-rule/.test(stranger.stdout)], [1, true]);
  const request = await explain(t, 'GET http://db:5432/ --from shop/catalog');
  assert.deepEqual([request.code, /405 method_not_supported.*ask for CONNECT/.test(request.stdout)], [1, true]);
  const tunnel = await explain(t, 'CONNECT catalog:80 --from shop/web');
  assert.deepEqual([tunnel.code, /routed one by one/.test(tunnel.stdout)], [0, true]);
});

test('selvage explain --from tells what becomes of hosts outside of the mesh', async (t) => {
  const open = await explain(t, 'GET https://api.example/x --from shop/web');
  assert.equal(open.code, 0);
  assert.match(open.stdout, /^CONNECT api\.example:443 .*\n {2}leaves the mesh as it is/);
  assert.match(open.stdout, /^ {2}shop\/catalog: catalog, port 80$/m);
  const closed = await explain(t, 'GET http://api.example/x --from shop/web', closedMesh);
  assert.equal(closed.code, 1);
  assert.match(
    closed.stdout,
    /502 egress_denied, by the caller's own sidecar: no service is called so, .*RegistryOnly/,
  );
  // Short names are those of the caller's own namespace.
  const far = await explain(t, 'GET http://catalog/items --from front/web', closedMesh);
  assert.match(far.stdout, /egress_denied[^]*shop\/catalog: catalog\.shop, port 80/);
});

const gateway = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: selvage, listeners: [{name: http, port: 8080, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: edge, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules:
    - {name: catalog, backendRefs: [{name: catalog, port: 80}]}
    - {name: next, matches: [{path: {value: /next}}], backendRefs: [{name: catalog-next, port: 80}]}
`;

test('selvage explain tells what sidecars make of a gateway that is a member of their mesh', async (t) => {
  const letIn = await explain(t, 'GET http://localhost:8080/next', gateway);
  assert.equal(letIn.code, 0, letIn.stdout);
  assert.match(letIn.stdout, /^ {2}forwarded by HTTPRoute\/shop\/edge, rule next$/m);
  assert.match(letIn.stdout, /over mutual TLS, from a workload that must be .*\/sa\/green$/m);
  const refused = await explain(t, 'GET http://localhost:8080/items', gateway);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^ {2}refused with 403: denied AuthorizationPolicy\/shop\/readers no-rule$/m);
  assert.match(refused.stdout, /rule web: serviceAccount shop\/edge is not in shop\/web/);
});

for (const [words, complaint] of [
  ['GET http://catalog/ --from shop/a/b', /cannot read --from shop\/a\/b/],
  ['GET http://catalog/ --from shop/web --principal spiffe://a/ns/b/sa/c', /--from and --principal are both given/],
  ['CONNECT db --from shop/web', /cannot read db: CONNECT asks for a host and a port/],
] as const)
  test(`selvage explain ${words} is wrong usage`, async (t) => {
    const { code, stderr } = await explain(t, words);
    assert.equal(code, 2);
    assert.match(stderr, complaint);
  });
