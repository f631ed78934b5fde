import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { withoutOpenssl } from '#identity/testing/openssl.ts';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { createFolder } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { runSelvage } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const OPENSSL = 'openssl';

const EXTENSIONS = `[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/** A company's authority, made with OpenSSL's program: roots, and intermediates below them. */
class Company {
  readonly #folder: string;

  constructor(t: TestContext) {
    this.#folder = createFolder(t);
    writeFileSync(this.path('extensions.cnf'), EXTENSIONS);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  root(name: string): this {
    this.#request(name);
    const signed = ['-signkey', `${name}.key`, '-extensions', 'root'];
    return this.#openssl('x509', '-req', '-in', `${name}.csr`, ...signed, ...this.#output(name, 3650));
  }

  intermediate(name: string, root: string): this {
    this.#request(name);
    const signed = ['-CA', `${root}.pem`, '-CAkey', `${root}.key`, '-CAcreateserial', '-extensions', 'intermediate'];
    return this.#openssl('x509', '-req', '-in', `${name}.csr`, ...signed, ...this.#output(name, 365));
  }

  /** Puts an intermediate where the control plane reads it. */
  install(name: string): this {
    copyFileSync(this.path(`${name}.pem`), this.path('ca.pem'));
    copyFileSync(this.path(`${name}.key`), this.path('ca.key'));
    return this;
  }

  get flags(): readonly string[] {
    return [
      '--ca-certificate',
      this.path('ca.pem'),
      '--ca-key',
      this.path('ca.key'),
      '--ca-roots',
      this.path('roots.pem'),
    ];
  }

  certificate(name: string): X509Certificate {
    return new X509Certificate(readFileSync(this.path(`${name}.pem`)));
  }

  #request(name: string): void {
    this.#openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', `${name}.key`);
    chmodSync(this.path(`${name}.key`), 0o600);
    this.#openssl('req', '-new', '-key', `${name}.key`, '-subj', `/O=Company/CN=${name}`, '-out', `${name}.csr`);
  }

  #output(name: string, days: number): readonly string[] {
    return ['-extfile', 'extensions.cnf', '-days', String(days), '-out', `${name}.pem`];
  }

  #openssl(...args: readonly string[]): this {
    const { status, stderr } = spawnSync(OPENSSL, args, { cwd: this.#folder, timeout: 20_000 });
    assert.equal(status, 0, stderr.toString());
    return this;
  }
}

/** The chain that a sidecar has, its own certificate first. */
const chainIn = (folder: string): readonly X509Certificate[] => {
  const [, body = '{}'] = /\n([^]*)$/.exec(readFileSync(join(folder, 'identity'), 'utf8')) ?? [];
  const { certificateChain } = JSON.parse(body) as { readonly certificateChain: string };
  return certificatesIn(certificateChain).map((pem) => new X509Certificate(pem));
};

test(
  'an authority in files signs, and its intermediate and its roots are exchanged without a restart',
  { skip: withoutOpenssl },
  async (t) => {
    const company = new Company(t).root('old-root').intermediate('old', 'old-root').install('old');
    copyFileSync(company.path('old-root.pem'), company.path('roots.pem'));
    const mesh = await MeshProcesses.start(t, ...company.flags);
    const port = await freePort();
    const folder = join(createFolder(t), 'cart');
    await mesh.runApplication('cart', port, '--id', 'cart-1', '--state', folder);
    await mesh.workloads('cart-1 ready');
    const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
    await web.printed(/^200 /m);
    const [leaf, intermediate, ...others] = chainIn(folder);
    assert.equal(others.length, 0);
    assert.ok(intermediate?.raw.equals(company.certificate('old').raw));
    assert.ok(leaf?.checkIssued(intermediate!));

    // The new root stands beside the old one, and everybody hears of it at once …
    company.root('new-root').intermediate('new', 'new-root');
    appendFileSync(company.path('roots.pem'), readFileSync(company.path('new-root.pem')));
    await eventually(async () => {
      const { bundleVersion } = await mesh.get<{ bundleVersion: number }>('roots');
      const proxies = await mesh.get<{ types: { type: string; pending: number; unanswered: number }[] }[]>('proxies');
      const trust = proxies.flatMap(({ types }) => types.filter(({ type }) => type === 'trust-bundle'));
      const know = trust.filter(({ pending, unanswered }) => pending + unanswered === 0);
      return bundleVersion === 2 && know.length === 2 ? undefined : `version ${bundleVersion}, ${know.length} know it`;
    });
    // … then the intermediate below it signs.
    company.install('new');
    const token = await mesh.token('job');
    await eventually(async () => {
      const state = join(createFolder(t), 'job');
      const job = mesh.run(['--service-account', 'job', '--token', token, '--state', state], 'true');
      assert.equal((await job.ended).code, 0, job.stderr);
      return chainIn(state)[1]?.raw.equals(company.certificate('new').raw) === true ? undefined : 'the old one signs';
    });
    // What does not fit together is not taken.
    copyFileSync(company.path('old.key'), company.path('ca.key'));
    await mesh.control.said(/its private key belongs to another certificate; what was read before goes on signing/);
    const from = web.stdout.length;
    await eventually(async () => (web.stdout.length > from + 500 ? undefined : 'few requests'));
    assert.deepEqual(
      [
        ...new Set(
          web.stdout
            .split('\n')
            .slice(0, -1)
            .map((line) => line.slice(0, 4)),
        ),
      ],
      ['200 '],
    );

    const { code, stderr } = await runSelvage(t, 'root', 'rotate', '--admin', mesh.adminUrl, '--state', mesh.state);
    assert.deepEqual([code, /come from files: exchange them there/.test(stderr)], [1, true]);
  },
);

test(
  'an authority in files that cannot be used stops the start, with what mends it',
  { skip: withoutOpenssl },
  async (t) => {
    const company = new Company(t).root('root').intermediate('ca', 'root').root('other');
    copyFileSync(company.path('other.pem'), company.path('roots.pem'));
    const start = (...flags: readonly string[]) =>
      runSelvage(
        t,
        'control',
        createFolder(t),
        '--state',
        join(createFolder(t), 'state'),
        '--port',
        '0',
        '--admin-port',
        'off',
        ...flags,
      );
    const foreign = await start(...company.flags);
    assert.deepEqual([foreign.code, /leads to none of the roots/.test(foreign.stderr)], [1, true], foreign.stderr);
    copyFileSync(company.path('root.pem'), company.path('roots.pem'));
    chmodSync(company.path('ca.key'), 0o644);
    const open = await start(...company.flags);
    assert.equal(open.code, 1);
    assert.match(open.stderr, /other users may access it \(mode 0644; run chmod 600 .*ca\.key\)/);
    assert.doesNotMatch(open.stderr, /PRIVATE KEY/);
    chmodSync(company.path('ca.key'), 0o600);
    const absent = await start(...company.flags.slice(0, -1), '/nowhere/roots.pem');
    assert.match(
      absent.stderr,
      /cannot read \/nowhere\/roots\.pem of the external certificate authority: no such file/,
    );
    const partial = await start('--ca-key', company.path('ca.key'));
    assert.deepEqual([partial.code, /belong together/.test(partial.stderr)], [2, true]);
  },
);
