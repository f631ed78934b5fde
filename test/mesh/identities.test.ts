import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { primitiveTag } from '#identity/der/element.ts';
import { encodeElement, encodeSequence } from '#identity/der/encoder.ts';
import { TestAuthority, bundleAt, type Deviations } from '#identity/testing/authority.ts';
import {
  encodeAuthorityConstraint,
  encodeExtension,
  encodeKeyUsage,
  encodeLeafConstraint,
  encodeTlsPurposes,
  encodeUriName,
  keyUsageBit,
  URI_NAME,
} from '#identity/x509/extensions.ts';
import { objectIdentifier } from '#identity/x509/object-identifiers.ts';
import { until } from '../data-plane/testing/peer.ts';
import { ask, codeOf } from './testing/client.ts';
import {
  authority,
  CART,
  CATALOG,
  countersOf,
  declareService,
  declareWorkload,
  issueIdentity,
  startApplication,
  startInbound,
  startMesh,
  startOutbound,
  TestIdentity,
  type IdentityTest,
} from './testing/sidecars.ts';

const HOUR_MS = 3_600_000;
const other = new TestAuthority('other');

interface Refusal {
  readonly caller?: IdentityTest & { readonly uri?: string };
  readonly service?: IdentityTest & { readonly uri?: string };
  /** What the caller's log says. */
  readonly cause: RegExp;
  /** What the service's operator is warned of; absent where it is the caller that refuses. */
  readonly warning?: RegExp;
}

const expired = { notBeforeMs: Date.now() - 2 * HOUR_MS, notAfterMs: Date.now() - HOUR_MS };

/** What the caller's sidecar hears of it: nothing. */
const UNSERVED = /HTTP\/2 does not begin|closed the connection|ECONNRESET/;

const signs = encodeKeyUsage(keyUsageBit.digitalSignature);
/** Of two good ids, each reader could take another one for the identity. */
const twoNames = encodeExtension(
  objectIdentifier.subjectAltName,
  true,
  encodeSequence(...[CART, CATALOG].map((uri) => encodeElement(primitiveTag(URI_NAME), Buffer.from(uri, 'latin1')))),
);

/** A certificate for both ends of TLS with these extensions. */
const shows = (...extensions: Uint8Array[]): Deviations => ({ extensions: [encodeTlsPurposes(), ...extensions] });

const refusals: Readonly<Record<string, Refusal>> = {
  'a caller whose certificate leads to a foreign root': {
    caller: { issuer: other },
    cause: UNSERVED,
    warning: /the client has no valid certificate \(UNABLE_TO_/,
  },
  'a caller whose certificate has expired': {
    caller: { deviations: expired },
    cause: UNSERVED,
    warning: /the client has no valid certificate \(CERT_HAS_EXPIRED\)/,
  },
  'a caller of another trust domain, whose root is known': {
    caller: { uri: 'spiffe://elsewhere.test/ns/shop/sa/cart' },
    cause: UNSERVED,
    warning: /trust domain elsewhere\.test, not of mesh\.test/,
  },
  "a caller that shows an authority's certificate": {
    caller: { deviations: shows(encodeAuthorityConstraint(0), signs, encodeUriName(CART, true)) },
    cause: UNSERVED,
    warning: /the certificate is an authority's and not a workload's/,
  },
  'a caller whose key may sign certificates': {
    caller: {
      deviations: shows(
        encodeLeafConstraint(),
        encodeKeyUsage(keyUsageBit.digitalSignature, keyUsageBit.keyCertSign),
        encodeUriName(CART, true),
      ),
    },
    cause: UNSERVED,
    warning: /the certificate is an authority's and not a workload's|UNABLE_TO|INVALID/,
  },
  'a caller with two names': {
    caller: { deviations: shows(encodeLeafConstraint(), signs, twoNames) },
    cause: UNSERVED,
    warning: /the certificate names 2 URIs; a SPIFFE id stands alone/,
  },
  'a caller whose name has a path of another form': {
    caller: { deviations: shows(encodeLeafConstraint(), signs, encodeUriName(`${CART}/extra`, true)) },
    cause: UNSERVED,
    warning: /the certificate's URI is not of the form/,
  },
  'a caller without a name': {
    caller: { deviations: shows(encodeLeafConstraint(), signs) },
    cause: UNSERVED,
    warning: /the certificate names no URI/,
  },
  "a service that shows an authority's certificate": {
    service: { deviations: shows(encodeAuthorityConstraint(0), signs, encodeUriName(CATALOG, true)) },
    cause: /the certificate is an authority's and not a workload's|INVALID_CA|invalid CA/,
  },
  'a service with two names': {
    service: { deviations: shows(encodeLeafConstraint(), signs, twoNames) },
    cause: /is for spiffe:.*, spiffe:.*, not for/,
  },
  'a service whose certificate leads to a foreign root': {
    service: { issuer: other },
    cause: /unable to get|self-signed|unable to verify/,
  },
  'a service whose certificate has expired': {
    service: { deviations: expired },
    cause: /CERT_HAS_EXPIRED/,
  },
  'a service that is another than was announced': {
    service: { uri: 'spiffe://mesh.test/ns/shop/sa/impostor' },
    cause: /is for spiffe:\/\/mesh\.test\/ns\/shop\/sa\/impostor/,
  },
};

for (const [what, refusal] of Object.entries(refusals)) {
  test(`sidecars refuse ${what}`, async (context) => {
    const { caller, service, cause, warning } = refusal;
    let reached = 0;
    const application = await startApplication(context, (_, response) => {
      reached++;
      response.end();
    });
    const serviceIdentity = new TestIdentity(issueIdentity(service?.uri ?? CATALOG, service));
    const { inbound, records: at } = await startInbound(
      context,
      declareWorkload([{ port: application.port }]),
      serviceIdentity,
    );
    const mesh = { port: inbound.port, principal: CATALOG };
    const callerIdentity = new TestIdentity(issueIdentity(caller?.uri ?? CART, caller));
    const { outbound, records: from } = await startOutbound(
      context,
      declareService([{ port: application.port, mesh }]),
      callerIdentity,
    );

    const reply = await ask(outbound.proxyPort, 'http://catalog/');
    assert.equal(reply.status, 502);
    assert.match(codeOf(reply), /^upstream_(tls|connect)_failed$/);
    await until('it is recorded', () => from.exchanges.length === 1);
    assert.match(from.exchanges[0]!.error!.cause, cause);
    assert.equal(reached, 0);
    assert.equal(at.exchanges.length, 0);
    if (warning === undefined) return;
    assert.match(at.warnings.join('\n'), warning);
    const failures = [...countersOf(at, 'selvage_downstream_connection_failures_total').values()];
    assert.ok(failures[0]! >= 1, 'the failed handshake is counted');
    await until('no session is left', () => inbound.activity.sessions === 0);
  });
}

test('Inbound refuses a peer without a certificate', async (context) => {
  const { inbound, at, application } = await startMesh(context);
  const socket = connectTls({
    host: '127.0.0.1',
    port: inbound.port,
    servername: `${application.port}.catalog.shop.svc`,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
  });
  const closed = await new Promise<string>((resolve) => {
    let error = '';
    socket.on('error', (reason: NodeJS.ErrnoException) => (error = reason.code ?? reason.message));
    socket.on('close', () => resolve(error));
    socket.resume();
  });
  assert.match(closed, /CERTIFICATE_REQUIRED|ECONNRESET|^$/);
  await until('it is warned of', () => at.warnings.length === 1);
  assert.match(at.warnings[0]!, /CERTIFICATE/);
  assert.equal([...countersOf(at, 'selvage_downstream_connection_failures_total').values()][0], 1);
});

test('Inbound speaks no version of TLS but 1.3', async (context) => {
  const { inbound, service } = await startMesh(context);
  const { svid } = service.current!;
  const socket = connectTls({
    host: '127.0.0.1',
    port: inbound.port,
    maxVersion: 'TLSv1.2',
    cert: svid.certificateChain,
    key: svid.key.exportPem(),
    rejectUnauthorized: false,
  });
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve));
  assert.match(String(error.code), /PROTOCOL_VERSION/);
});

test('a sidecar without an identity serves nobody and reaches nobody', async (context) => {
  const { outbound, inbound, service, caller, at, from } = await startMesh(context);
  // Over a connection that is there, it would reach somebody.
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
  caller.renew(undefined);
  assert.equal(codeOf(await ask(outbound.proxyPort, 'http://catalog/')), 'upstream_tls_failed');
  assert.match(from.exchanges[1]!.error!.cause, /no valid identity/);
  caller.renew(issueIdentity(CART));
  service.renew(undefined);
  assert.match(codeOf(await ask(outbound.proxyPort, 'http://catalog/')), /^upstream_(tls|connect)_failed$/);
  assert.match(at.warnings.join(), /no valid identity/);
  service.renew(issueIdentity(CATALOG));
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
  await until('no session but the last', () => inbound.activity.sessions === 1);
});

test('a sidecar whose identity has ended serves nobody on connections of before either', async (context) => {
  let reached = 0;
  const { outbound, service, from } = await startMesh(context, (_, response) => {
    reached++;
    response.end('hello');
  });
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
  service.renew(undefined);
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' })).status, 502);
  await until('it is recorded', () => from.exchanges.length === 2);
  // Refused before anything of it was seen, so that it was tried as often as it may be.
  assert.deepEqual([reached, from.exchanges[1]!.attempts], [1, 3]);
  service.renew(issueIdentity(CATALOG));
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' })).status, 200);
});

test('Inbound takes no requests of a peer whose certificate expires while it is connected', async (context) => {
  const { inbound, application } = await startMesh(context);
  const briefly = { notAfterMs: Date.now() + 1_500 };
  const endpoint = { port: application.port, mesh: { port: inbound.port, principal: CATALOG } };
  const caller = new TestIdentity(issueIdentity(CART, { deviations: briefly }));
  const { outbound } = await startOutbound(context, declareService([endpoint]), caller);
  let last = await ask(outbound.proxyPort, 'http://catalog/');
  assert.equal(last.status, 200);
  const giveUpAtMs = performance.now() + 5_000;
  while (last.status === 200 && performance.now() < giveUpAtMs) last = await ask(outbound.proxyPort, 'http://catalog/');
  assert.equal(codeOf(last), 'access_denied');
  caller.renew(issueIdentity(CART));
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200, 'with a renewed certificate');
});

test('identities and roots change under way, and no request is lost', async (context) => {
  const { application, inbound, outbound, service, caller } = await startMesh(context);
  const resources = declareService([{ port: application.port, mesh: { port: inbound.port, principal: CATALOG } }]);
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 200);
  const statuses = new Set<number>();
  const load = { isOn: true };
  const callers = Array.from({ length: 8 }, async () => {
    while (load.isOn) statuses.add((await ask(outbound.proxyPort, 'http://catalog/')).status);
  });
  const next = new TestAuthority('next');
  const both = bundleAt(2, authority, next);
  const steps: readonly IdentityTest[] = [{}, { bundle: both }, { bundle: both, issuer: next }];
  for (const step of steps) {
    for (const [identity, uri] of [
      [service, CATALOG],
      [caller, CART],
    ] as const) {
      identity.renew(issueIdentity(uri, step));
      // Connections of before go on; another sidecar with the same identity has to make a new one.
      const another = await startOutbound(context, resources, caller);
      assert.equal((await ask(another.outbound.proxyPort, 'http://catalog/')).status, 200);
    }
  }
  load.isOn = false;
  await Promise.all(callers);
  assert.deepEqual([...statuses], [200]);
});
