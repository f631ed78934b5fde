import {
  connect,
  createServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from '../../data-plane/testing/peer.ts';

/** What became of one request of a {@link Http2Caller}. */
export class Call {
  readonly stream: ClientHttp2Stream;
  readonly interim: number[] = [];
  headers: IncomingHttpHeaders | null = null;
  trailers: IncomingHttpHeaders | null = null;
  readonly chunks: Buffer[] = [];
  ended = false;
  closed = false;

  constructor(stream: ClientHttp2Stream, reads: boolean) {
    this.stream = stream;
    stream.on('error', () => {});
    stream.on('headers', (headers: IncomingHttpHeaders) => this.interim.push(Number(headers[':status'])));
    stream.on('response', (headers) => (this.headers = headers));
    stream.on('trailers', (trailers) => (this.trailers = trailers));
    if (reads) stream.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    stream.on('end', () => (this.ended = true));
    stream.on('close', () => (this.closed = true));
  }

  get status(): number {
    return Number(this.headers?.[':status'] ?? 0);
  }

  get content(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.content.toString();
  }

  /** Waits until the stream is closed, in whatever way. */
  async finish(): Promise<this> {
    await until(`the end of ${JSON.stringify(this.headers)}, ${this.content.length} octets`, () => this.closed);
    return this;
  }

  async head(): Promise<this> {
    await until('a head', () => this.headers !== null || this.closed);
    return this;
  }
}

/** A client of HTTP/2 with prior knowledge, by Node's own implementation. */
export class Http2Caller {
  readonly session: ClientHttp2Session;
  closed = false;
  goAways: number[] = [];

  constructor(context: TestContext, port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on('error', () => {});
    this.session.on('goaway', (code) => this.goAways.push(code));
    this.session.on('close', () => (this.closed = true));
    context.after(() => this.session.destroy());
  }

  /** @param content null leaves the request open; a string ends it */
  call(
    headers: OutgoingHttpHeaders,
    content: string | Buffer | null = '',
    options: ClientSessionRequestOptions & { reads?: boolean } = {},
  ): Call {
    const { reads = true, ...rest } = options;
    const call = new Call(this.session.request(headers, { endStream: content === '', ...rest }), reads);
    if (content !== null && content !== '') call.stream.end(content);
    return call;
  }

  get(path: string): Call {
    return this.call({ ':path': path });
  }

  async close(): Promise<void> {
    this.session.close();
    await until('the end of the session', () => this.closed);
  }
}

/** A server of HTTP/2, by Node's own implementation. */
export class Http2Origin {
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[] = [];
  readonly streams: ServerHttp2Stream[] = [];

  private constructor(server: Http2Server) {
    this.server = server;
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream: ServerHttp2Stream) => {
      this.streams.push(stream);
      stream.on('error', () => {});
    });
    server.on('sessionError', () => {});
  }

  static async start(
    context: TestContext,
    serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
    options: ServerOptions = {},
  ): Promise<Http2Origin> {
    const server = createServer(options);
    const origin = new Http2Origin(server);
    server.on('stream', serve);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => {
      for (const session of origin.sessions) session.destroy();
      server.close();
    });
    return origin;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}
