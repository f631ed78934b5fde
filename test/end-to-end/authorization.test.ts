import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { get, getUntil, type Answer } from './testing/client.ts';
import { createFolder, gatewayDocument, replaceFile, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { runSelvage, startGateway } from './testing/program.ts';

interface Policy {
  readonly name?: string;
  readonly target?: string;
  readonly action: string;
  readonly rules: readonly unknown[];
}

function policyDocument({ name = 'guard', target = '{ kind: Gateway, name: edge }', action, rules }: Policy): string {
  return `apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [${target}]
  action: ${action}
  rules: ${JSON.stringify(rules)}
---
`;
}

async function startGuarded(t: TestContext, policy: string, ...flags: string[]) {
  const origin = await startOrigin(t);
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port }));
  writeFileSync(join(folder, 'route.yaml'), routeDocument({ originPort: origin.port }));
  writeFileSync(join(folder, 'policy.yaml'), policy);
  const started = await startGateway(t, folder, ...flags);
  return { ...started, folder, url: `http://127.0.0.1:${port}`, policyFile: join(folder, 'policy.yaml') };
}

/** Sends a path as it is: `fetch` and `URL` would put it in order first. */
function getRaw(url: string, path: string): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

const denyAdmin = policyDocument({ action: 'DENY', rules: [{ to: [{ paths: ['/admin', '/admin/*'] }] }] });

test('a request that a policy denies is answered 403, in whatever spelling, counted and logged', async (t) => {
  const { program, adminUrl, url } = await startGuarded(t, denyAdmin, '--access-log', 'stdout');
  assert.equal((await get(`${url}/`)).status, 200);
  const denied = await get(`${url}/admin/users`);
  assert.equal(denied.status, 403);
  assert.equal(denied.headers['content-type'], 'application/problem+json');
  const { code, policy } = JSON.parse(denied.body) as { code: string; policy: string };
  assert.deepEqual({ code, policy }, { code: 'access_denied', policy: 'AuthorizationPolicy/default/guard' });
  const spellings = [
    '/%61dmin',
    '//admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/ADMIN',
    '/admin;a=b',
    '/x/..;/admin',
    '/admin%2Fx',
  ];
  for (const path of spellings) assert.equal((await getRaw(url, path)).status, 403, path);
  const line = JSON.parse((await program.printed(/^.*"path":"\/admin\/users".*$/m))[0]) as Record<string, unknown>;
  assert.equal(line['authorization'], 'denied AuthorizationPolicy/default/guard rule-0');
  assert.equal(line['errorCode'], 'access_denied');
  assert.equal(line['flags'], 'UAEX');
  const metrics = (await get(`${adminUrl}/metrics`)).body;
  const labels = 'policy="AuthorizationPolicy/default/guard",action="DENY",result="denied"';
  assert.match(metrics, new RegExp(`selvage_authorization_total\\{${labels}\\} ${spellings.length + 1}`));
});

test('policies come, change and go without a restart, and one that breaks keeps its last good form', async (t) => {
  const { url, policyFile, program } = await startGuarded(t, '');
  const isStatus = (status: number) => (answer: Answer) => answer.status === status;
  assert.equal((await get(`${url}/admin`)).status, 200);
  replaceFile(policyFile, denyAdmin);
  await getUntil(`${url}/admin`, isStatus(403));
  assert.equal((await get(`${url}/`)).status, 200);
  replaceFile(policyFile, policyDocument({ action: 'ALLOW', rules: [{ to: [{ paths: ['/admin'] }] }] }));
  await getUntil(`${url}/`, isStatus(403));
  assert.equal((await get(`${url}/admin`)).status, 200);
  const from = program.stderr.length;
  replaceFile(
    policyFile,
    policyDocument({ action: 'ALLOW', rules: [{ from: [{ issuers: ['https://id.example'] }] }] }),
  );
  await program.said(/reloaded in/, from);
  assert.equal((await get(`${url}/`)).status, 403);
  assert.equal((await get(`${url}/admin`)).status, 200);
  replaceFile(policyFile, '');
  await getUntil(`${url}/`, isStatus(200));
});

test('a policy that was never valid refuses what it is for, and nothing else', async (t) => {
  const broken = policyDocument({
    target: '{ kind: HTTPRoute, name: app }',
    action: 'DENY',
    rules: [{ when: 'true' }],
  });
  const { url, folder } = await startGuarded(t, broken);
  const refused = await get(`${url}/`);
  assert.equal(refused.status, 500);
  assert.equal((JSON.parse(refused.body) as { code: string }).code, 'policy_invalid');
  assert.doesNotMatch(refused.body, /when|expression/);
  writeFileSync(join(folder, 'other.yaml'), routeDocument({ originPort: 1, name: 'other', path: '/other' }));
  await getUntil(`${url}/other`, ({ status }) => status === 502);
});

test('the address of the client is that which trusted proxies tell, and no other', async (t) => {
  const rules = [{ from: [{ remoteIpBlocks: ['203.0.113.0/24'] }] }];
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const trusting = await startGuarded(t, policyDocument({ action: 'ALLOW', rules }), '--trusted-proxy', '127.0.0.1');
  assert.equal((await get(`${trusting.url}/`, { headers })).status, 200);
  assert.equal(
    (await get(`${trusting.url}/`, { headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.1' } })).status,
    403,
  );
  assert.equal((await get(`${trusting.url}/`, { headers: { 'x-forwarded-for': 'nonsense' } })).status, 403);
  const wary = await startGuarded(t, policyDocument({ action: 'ALLOW', rules }));
  assert.equal((await get(`${wary.url}/`, { headers })).status, 403);
});

test('who may not come in is not told which routes there are', async (t) => {
  const { url, folder } = await startGuarded(t, policyDocument({ action: 'ALLOW', rules: [] }));
  writeFileSync(join(folder, 'route.yaml'), routeDocument({ originPort: 1, path: '/only' }));
  await getUntil(`${url}/elsewhere`, ({ status }) => status === 403);
  assert.equal((await get(`${url}/only`)).status, 403);
});

test('what is audited is let through, and logged', async (t) => {
  const audited = policyDocument({ action: 'AUDIT', rules: [{ to: [{ paths: ['/admin'] }] }] });
  const { url, program } = await startGuarded(t, audited, '--access-log', 'stdout');
  assert.equal((await get(`${url}/admin`)).status, 200);
  await program.printed(/"authorization":"would-deny AuthorizationPolicy\/default\/guard rule-0"/);
});

test('selvage explain tells what each policy says of a request', async (t) => {
  const folder = createFolder(t);
  writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port: 8080 }));
  writeFileSync(join(folder, 'route.yaml'), routeDocument({ originPort: 1 }));
  const office = { name: 'office', from: [{ ipBlocks: ['10.0.0.0/8'] }, { principals: ['spiffe://example.org/*'] }] };
  writeFileSync(
    join(folder, 'policy.yaml'),
    denyAdmin + policyDocument({ name: 'known', action: 'ALLOW', rules: [office] }),
  );
  const explain = (...words: string[]) => runSelvage(t, 'explain', folder, 'GET', ...words);
  const stranger = await explain('http://127.0.0.1:8080/');
  assert.equal(stranger.code, 1);
  assert.match(stranger.stdout, /refused.*: denied AuthorizationPolicy\/default\/known no-rule/);
  assert.match(stranger.stdout, /AuthorizationPolicy\/default\/known \(ALLOW\): no rule matches/);
  assert.match(stranger.stdout, /rule office: ip 127\.0\.0\.1 is not in 10\.0\.0\.0\/8; principal is missing/);
  assert.match(stranger.stdout, /AuthorizationPolicy\/default\/guard \(DENY\): no rule matches/);
  const known = await explain('http://127.0.0.1:8080/', '--from-ip', '10.1.2.3');
  assert.equal(known.code, 0);
  assert.match(known.stdout, /AuthorizationPolicy\/default\/known \(ALLOW\): rule office matches/);
  const workload = await explain('http://127.0.0.1:8080/', '--principal', 'spiffe://example.org/ns/shop/sa/cart');
  assert.equal(workload.code, 0);
  const admin = await explain('http://127.0.0.1:8080/admin', '--from-ip', '10.1.2.3');
  assert.match(admin.stdout, /refused.*: denied AuthorizationPolicy\/default\/guard rule-0/);
  assert.equal((await explain('http://127.0.0.1:8080/', '--from-ip', 'x')).code, 2);
});
