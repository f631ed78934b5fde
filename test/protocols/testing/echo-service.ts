import {
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type status,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type ServiceError,
  type CallOptions,
} from '@grpc/grpc-js';
import type { TestContext } from 'node:test';

/* A service whose messages are octets as they are: what is tested is how they travel. */

const bytes = (value: Buffer): Buffer => value;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

export const ECHO = {
  unary: method('Unary', false, false),
  serverStream: method('ServerStream', false, true),
  clientStream: method('ClientStream', true, false),
  duplex: method('Duplex', true, true),
};

type Callback = (error: ServiceError | null, value?: Buffer) => void;

export type EchoClient = Client & {
  unary(request: Buffer, metadata: Metadata, options: CallOptions, callback: Callback): ClientUnaryCall;
  serverStream(request: Buffer, metadata?: Metadata, options?: CallOptions): ClientReadableStream<Buffer>;
  clientStream(metadata: Metadata, options: CallOptions, callback: Callback): ClientWritableStream<Buffer>;
  duplex(metadata?: Metadata, options?: CallOptions): ClientDuplexStream<Buffer, Buffer>;
};

export interface EchoHandlers {
  unary?: handleUnaryCall<Buffer, Buffer>;
  serverStream?: handleServerStreamingCall<Buffer, Buffer>;
  clientStream?: handleClientStreamingCall<Buffer, Buffer>;
  duplex?: handleBidiStreamingCall<Buffer, Buffer>;
}

const LARGEST = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.max_metadata_size': 61_440,
};

/** @returns the port of a server of grpc-js with these methods; those left out echo, or are not implemented */
export const startEcho = async (context: TestContext, handlers: EchoHandlers = {}): Promise<number> => {
  const server = new Server(LARGEST);
  server.addService(ECHO, {
    unary: (call: { request: Buffer }, callback: Callback) => callback(null, call.request),
    duplex: (call: NodeJS.ReadWriteStream) => {
      call.on('data', (message: Buffer) => call.write(message));
      call.on('end', () => call.end());
    },
    ...handlers,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  context.after(() => server.forceShutdown());
  return port;
};

const EchoConstructor = makeClientConstructor(ECHO, 'test.Echo');

export const echoClient = (context: TestContext, port: number): EchoClient => {
  const client = new EchoConstructor(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    LARGEST,
  ) as unknown as EchoClient;
  context.after(() => client.close());
  return client;
};

/** What a call came to. */
export interface Outcome {
  readonly code: status;
  readonly details: string;
  readonly trailers: Metadata;
}

export const outcomeOf = (call: {
  on(event: 'status', listener: (outcome: { code: status; details: string; metadata: Metadata }) => void): unknown;
}): Promise<Outcome> =>
  new Promise((resolve) =>
    call.on('status', ({ code, details, metadata }) => resolve({ code, details, trailers: metadata })),
  );
