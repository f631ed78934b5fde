import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { TestContext } from 'node:test';
import { IDENTITY_PATH, type IdentityMessage } from '#control/publish/identity-exchange.ts';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { createSpiffeId, type SpiffeId } from '#identity/spiffe-id.ts';
import { parseTrustDomain } from '#identity/trust-domain.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { DISCOVERY_PATH } from '#xds/discovery-transport.ts';
import { encodeRequest } from '#xds/message-encoder.ts';
import { decodeResponse } from '#xds/message-decoder.ts';
import { type DeltaRequest, type DeltaResponse, EMPTY_REQUEST, type NodeIdentity } from '#xds/messages.ts';
import { eventually, type MeshProcesses } from './mesh-processes.ts';

/*
 * A member of a mesh without a sidecar: with Node's own HTTP/2 and TLS, it says what no sidecar would.
 */

/** What is shown in a handshake, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** How a call of one request ended. */
export interface Answer {
  /** Of gRPC. */
  readonly status: string;
  readonly message: string;
  /** JSON, or '' */
  readonly body: string;
}

/** Connects to a port of a control plane, whatever certificate it shows. */
export function openSession(t: TestContext, port: number, certificate?: Certificate): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...certificate });
  session.on('error', () => {});
  t.after(() => session.destroy());
  return session;
}

function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function open(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  return session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
}

/** Calls a method with one request of JSON, or of text as it is. */
export function call(session: ClientHttp2Session, path: string, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = open(session, path);
    const octets: Buffer[] = [];
    const settle = (fields: Readonly<Record<string, unknown>>): void => {
      const { 'grpc-status': status, 'grpc-message': message = '' } = fields;
      if (typeof status === 'string' && typeof message === 'string')
        resolve({ status, message: decodeURIComponent(message), body: Buffer.concat(octets).subarray(5).toString() });
    };
    session.once('error', reject);
    stream.on('response', settle).on('trailers', settle).on('error', reject);
    stream.on('data', (chunk: Buffer) => octets.push(chunk));
    stream.end(frame(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
  });
}

/** Somebody who has, or asks for, an identity of a mesh. */
export interface Asking {
  readonly serviceAccount: string;
  readonly token?: string | undefined;
  readonly certificate?: Certificate;
  /** PKCS#10; by default a good one. */
  readonly certificateRequest?: Uint8Array;
}

/** Asks a control plane for an identity, as a workload does. */
export async function askIdentity(t: TestContext, mesh: MeshProcesses, asking: Asking) {
  const { serviceAccount, token, certificate } = asking;
  const key = WorkloadKey.generate();
  const spiffeId = createSpiffeId(parseTrustDomain('cluster.local')!, 'default', serviceAccount) as SpiffeId;
  const certificateRequest = asking.certificateRequest ?? createCertificateRequest(key, spiffeId);
  const message: IdentityMessage = {
    namespace: 'default',
    serviceAccount,
    // What the command prints says behind a dot which root is to be believed.
    ...(token !== undefined && { token: token.split('.')[0]! }),
    certificateRequest: Buffer.from(certificateRequest).toString('base64'),
  };
  const session = openSession(t, mesh.port, certificate);
  const answer = await call(session, IDENTITY_PATH, message);
  session.close();
  return { ...answer, key: key.exportPem() };
}

/** Joins with a token made for it. */
export async function joinRaw(t: TestContext, mesh: MeshProcesses, serviceAccount: string): Promise<Certificate> {
  const { body, key, message } = await askIdentity(t, mesh, {
    serviceAccount,
    token: await mesh.token(serviceAccount),
  });
  if (body === '') throw new Error(message);
  return { cert: (JSON.parse(body) as { certificateChain: string }).certificateChain, key };
}

/** A discovery stream on which anything can be said. */
export class RawDiscovery {
  readonly responses: DeltaResponse[] = [];
  ended: Pick<Answer, 'status' | 'message'> | undefined;
  readonly #stream: ClientHttp2Stream;

  constructor(session: ClientHttp2Session) {
    this.#stream = open(session, DISCOVERY_PATH);
    let octets = Buffer.alloc(0);
    this.#stream.on('data', (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk]);
      while (octets.length >= 5 && octets.length >= 5 + octets.readUInt32BE(1)) {
        const end = 5 + octets.readUInt32BE(1);
        const decoded = decodeResponse(octets.subarray(5, end));
        if (!decoded.ok) throw new Error(decoded.reason);
        this.responses.push(decoded.message);
        octets = octets.subarray(end);
      }
    });
    const settle = (fields: Readonly<Record<string, unknown>>): void => {
      const { 'grpc-status': status, 'grpc-message': message = '' } = fields;
      if (typeof status === 'string') this.ended = { status, message: decodeURIComponent(String(message)) };
    };
    this.#stream.on('response', settle).on('trailers', settle);
    this.#stream.on('error', (error) => (this.ended ??= { status: '', message: error.message }));
    this.#stream.on('close', () => (this.ended ??= { status: '', message: 'closed' }));
  }

  say(request: Partial<DeltaRequest>): void {
    this.#stream.write(frame(encodeRequest({ ...EMPTY_REQUEST, ...request })));
  }

  /** Breaks it off. */
  leave(): void {
    this.#stream.close();
  }

  /** Waits until all is answered that was asked for so far. */
  async answered(count: number): Promise<void> {
    await eventually(async () => (this.responses.length >= count ? undefined : `${this.responses.length} responses`));
  }

  /** Names of all resources that came. */
  get names(): readonly string[] {
    return this.responses.flatMap(({ resources }) => resources.map(({ name }) => name));
  }
}

/** How a workload without ports announces itself. */
export function nodeOf(id: string, metadata: Readonly<Record<string, string>> = {}): NodeIdentity {
  const said = { address: '127.0.0.1', 'mesh-port': '15008', ports: '', state: 'ready', ...metadata };
  return { id, service: '', zone: '', version: 'test', metadata: said };
}
