import {
  createServer,
  request as http1Request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { GatewayTest } from '../../data-plane/testing/declarations.ts';
import { TestGateway } from '../../data-plane/testing/gateway.ts';
import { Http2Caller } from './http2-peers.ts';

export type Version = 'http1' | 'http2';

export const COMBINATIONS: readonly (readonly [client: Version, server: Version])[] = [
  ['http1', 'http1'],
  ['http1', 'http2'],
  ['http2', 'http1'],
  ['http2', 'http2'],
];

export type Serve = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse & Http2ServerResponse,
) => void;

/** What a client of either version got. */
export interface Received {
  readonly status: number;
  readonly interim: readonly number[];
  readonly headers: IncomingHttpHeaders;
  readonly content: Buffer;
  readonly trailers: IncomingHttpHeaders;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly content?: Buffer | null;
  readonly trailers?: Record<string, string>;
}

/** Node's own server of the version, and a gateway in front of it. */
export const startPair = async (
  context: TestContext,
  version: Version,
  serve: Serve,
  test: Omit<GatewayTest, 'clusters'> = {},
): Promise<{ readonly gateway: TestGateway; readonly port: number }> => {
  const listener = serve as never;
  const server = version === 'http1' ? createServer(listener) : createHttp2Server(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = await TestGateway.start(context, {
    ...test,
    clusters: [{ protocol: version, endpoints: [{ port }] }],
  });
  context.after(() => {
    gateway.gateway.destroy();
    server.close();
  });
  return { gateway, port };
};

/** Sends one request with Node's own client of the version, on a connection of its own. */
export const send = (context: TestContext, version: Version, port: number, sent: Sent): Promise<Received> =>
  version === 'http1' ? sendHttp1(port, sent) : sendHttp2(context, port, sent);

const sendHttp1 = (
  port: number,
  { method = 'GET', path = '/', headers = {}, content = null, trailers }: Sent,
): Promise<Received> =>
  new Promise((resolve, reject) => {
    const interim: number[] = [];
    const trailing = trailers === undefined ? {} : { te: 'trailers', trailer: Object.keys(trailers).join(', ') };
    const request = http1Request({ port, method, path, headers: { ...headers, ...trailing }, agent: false });
    request.on('information', (info) => interim.push(info.statusCode));
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          interim,
          headers: response.headers,
          content: Buffer.concat(chunks),
          trailers: response.trailers,
        }),
      );
    });
    if (trailers !== undefined) {
      request.write(content ?? '');
      request.addTrailers(trailers);
      request.end();
    } else request.end(content ?? undefined);
  });

const sendHttp2 = async (
  context: TestContext,
  port: number,
  { method = 'GET', path = '/', headers = {}, content = null, trailers }: Sent,
): Promise<Received> => {
  const caller = new Http2Caller(context, port);
  const options = { waitForTrailers: trailers !== undefined };
  const call = caller.call(
    { ':method': method, ':path': path, te: 'trailers', ...headers },
    content === null ? '' : null,
    options,
  );
  if (trailers !== undefined) call.stream.on('wantTrailers', () => call.stream.sendTrailers(trailers));
  if (content !== null) call.stream.end(content);
  await call.finish();
  await caller.close();
  if (!call.ended) throw new Error(`reset: ${call.stream.rstCode}`);
  return {
    status: call.status,
    interim: call.interim,
    headers: call.headers!,
    content: call.content,
    trailers: call.trailers ?? {},
  };
};
