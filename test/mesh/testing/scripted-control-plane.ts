import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import { REPORT_PATH } from '#control/publish/workload-report.ts';
import { unaryMethod } from '#control/publish/unary-method.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { writeSavedIdentity } from '#identity/saved-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import { Clock } from '#transport/clock.ts';
import { Connection, NOBODY } from '#transport/connection.ts';
import { DiscoveryServer } from '#xds/discovery-server.ts';
import { DISCOVERY_PATH } from '#xds/discovery-transport.ts';
import { GrpcServer } from '#xds/grpc-server.ts';
import type { GrpcObserver, GrpcStream } from '#xds/grpc-stream.ts';
import { ResourceLayer } from '#xds/server/resource-layer.ts';
import { createFolder } from '../../end-to-end/testing/folder.ts';
import { type Program, startSelvage } from '../../end-to-end/testing/program.ts';
import { issueIdentity } from './sidecars.ts';

const CONTROL_PLANE = 'spiffe://mesh.test/ns/selvage-system/sa/selvage-control';
const CALLER = join(import.meta.dirname, 'caller.mjs');

/** What becomes of whoever connects. Absent parts are as they should be. */
export interface Conduct {
  /** Takes the connection before TLS. */
  readonly connected?: (socket: Socket) => void;
  /** Takes the connection behind TLS. */
  readonly secured?: (socket: TLSSocket) => void;
  /** Takes the discovery call. @param real what a good control plane would do with it */
  readonly called?: (stream: GrpcStream, real: () => GrpcObserver) => GrpcObserver;
  /** Whose certificate is shown. */
  readonly identity?: WorkloadIdentity;
}

/** A control plane that does as a test says, on a real port: first well, then not. */
export class ScriptedControlPlane {
  readonly layer = new ResourceLayer('everybody');
  readonly discovery: DiscoveryServer = new DiscoveryServer({
    admit: () => ({ admitted: true, layers: [this.layer] }),
    schedule: (task) => void setImmediate(task),
  });
  /** Of the caller that was started last. */
  stateFolder = '';
  /** Connections since the conduct was set last. */
  connections = 0;
  #conduct: Conduct = {};
  readonly #t: TestContext;
  readonly #clock = new Clock();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #identity = issueIdentity(CONTROL_PLANE);
  #version = 0;

  private constructor(t: TestContext) {
    this.#t = t;
    this.#server = createServer((socket) => this.#connect(socket));
    t.after(() => {
      this.#server.close();
      for (const socket of this.#sockets) socket.destroy();
      this.#clock.stop();
    });
  }

  static async start(t: TestContext, resources: readonly SnapshotResource[]): Promise<ScriptedControlPlane> {
    const control = new ScriptedControlPlane(t);
    control.publish(resources);
    await new Promise<void>((resolve) => control.#server.listen(0, '127.0.0.1', resolve));
    return control;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Gives all of them a new version. */
  publish(resources: readonly SnapshotResource[]): void {
    const version = String(++this.#version);
    const upserts = resources.map((resource) => Object.freeze({ ...resource, version }));
    this.layer.apply({ version, upserts, removals: [] });
  }

  /** Sends all away, and does so with them from then on. */
  behave(conduct: Conduct = {}): void {
    this.#conduct = conduct;
    this.connections = 0;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Starts a workload that has joined before, and asks an URL again and again. */
  runCaller(identity: WorkloadIdentity, url: string): Program {
    return startSelvage(
      this.#t,
      'run',
      ...this.#flagsFor(identity),
      '--mesh-port',
      '0',
      '--',
      process.execPath,
      CALLER,
      url,
    );
  }

  /** Starts a gateway that has joined before. */
  runGateway(identity: WorkloadIdentity, name: string): Program {
    return startSelvage(this.#t, 'gateway', '--name', name, ...this.#flagsFor(identity));
  }

  #flagsFor(identity: WorkloadIdentity): readonly string[] {
    const folder = join(createFolder(this.#t), 'run');
    this.stateFolder = folder;
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'identity'), writeSavedIdentity(identity), { mode: 0o600 });
    const { namespace, serviceAccount } = identity.svid.spiffeId;
    const who = ['--namespace', namespace, '--service-account', serviceAccount, '--id', 'one', '--state', folder];
    return [...who, '--control', `127.0.0.1:${this.port}`, '--admin-port', 'off'];
  }

  #connect(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    if (this.#conduct.connected !== undefined) return this.#conduct.connected(socket);
    const { svid, bundle } = this.#conduct.identity ?? this.#identity;
    const server = createTlsServer({
      cert: svid.certificateChain,
      key: svid.key.exportPem(),
      ca: [...bundle.roots],
      ALPNProtocols: ['h2'],
      requestCert: true,
      minVersion: 'TLSv1.3',
    });
    server.on('tlsClientError', () => socket.destroy());
    server.on('secureConnection', (secure) => this.#secured(secure));
    server.emit('connection', socket);
  }

  #secured(socket: TLSSocket): void {
    socket.on('error', () => {});
    if (this.#conduct.secured !== undefined) return this.#conduct.secured(socket);
    const { called } = this.#conduct;
    const accept = (stream: GrpcStream): GrpcObserver => {
      const real = (): GrpcObserver => this.discovery.accept(stream, '');
      return called === undefined ? real() : called(stream, real);
    };
    const server = new GrpcServer(
      this.#clock,
      new Map([
        [DISCOVERY_PATH, { messageBytes: this.discovery.limits.requestBytes, accept }],
        [REPORT_PATH, unaryMethod(async () => ({}))],
      ]),
    );
    const connection = new Connection(socket, NOBODY);
    connection.observe(server.serve(connection, ''));
    socket.on('data', (bytes: Buffer) => connection.received(bytes, bytes.length));
  }
}
