import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Issuer } from '#control/authority/issuer.ts';
import { JoinTokenAttestor } from '#control/authority/join-token-attestor.ts';
import { JoinTokens } from '#control/authority/join-tokens.ts';
import { stateFolder } from '#control/authority/testing/folder.ts';
import { createAuthority, domain } from '#control/authority/testing/mesh.ts';
import { IDENTITY_PATH, identityMethod } from '#control/publish/identity-exchange.ts';
import { rootCertificates } from '#identity/trust-bundle.ts';
import { Clock } from '#transport/clock.ts';
import { GrpcServer } from '#xds/grpc-server.ts';
import { ControlListener } from '../control/control-listener.ts';
import { issueOwnCredentials } from '../control/own-identity.ts';
import { IdentityKeeper } from './identity-keeper.ts';
import { fingerprintOf } from './join-text.ts';
import { PrivateFiles } from './private-files.ts';

function privateFiles(t: TestContext): PrivateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-member-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return new PrivateFiles(join(folder, 'cart'));
}

test('IdentityKeeper joins where the control plane goes over to another root between its first two connections', async (t) => {
  const nowMs = Date.now();
  const [before, after] = [createAuthority(t, nowMs).authority, createAuthority(t, nowMs).authority];
  const tokens = JoinTokens.open(stateFolder(t));
  t.after(() => tokens.close());
  const clock = new Clock();
  t.after(() => clock.stop());
  const attestors = { 'join-token': new JoinTokenAttestor(tokens, domain) };
  const issuer = new Issuer({ authority: after, attestors, record: () => {} });
  const listener = new ControlListener({
    credentials: issueOwnCredentials(before, nowMs),
    trustDomain: domain,
    serve: () => new GrpcServer(clock, new Map([[IDENTITY_PATH, identityMethod(issuer, domain, null)]])),
    refused: () => {},
  });
  t.after(() => listener.close());
  const port = await listener.listen('127.0.0.1', 0);
  const { token } = tokens.create({ namespace: 'shop', serviceAccount: 'cart', lifetimeMs: 60_000 }, nowMs);
  const roots = [before, after].flatMap(({ bundle }) => rootCertificates(bundle));
  const warnings: string[] = [];
  const keeper = await IdentityKeeper.open({
    control: { host: '127.0.0.1', port },
    namespace: 'shop',
    serviceAccount: 'cart',
    join: { token, rootsSha256: roots.map(fingerprintOf) },
    files: privateFiles(t),
    clock,
    warn: (message) => warnings.push(message),
  });
  t.after(() => keeper.close());
  listener.renew(issueOwnCredentials(after, nowMs));
  await keeper.start();
  assert.equal(keeper.source.current?.svid.spiffeId.uri, 'spiffe://mesh.test/ns/shop/sa/cart');
  // It did meet the other root.
  assert.match(warnings.join('\n'), /leads to no root that this workload knows/);
});
