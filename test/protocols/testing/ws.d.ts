/** What the tests use of `ws`, which brings no types. */
declare module 'ws' {
  import type { Server } from 'node:http';

  export class WebSocket {
    constructor(address: string);
    on(event: 'message', listener: (content: Buffer, binary: boolean) => void): this;
    on(event: 'open' | 'close', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    once(event: 'message' | 'open' | 'close' | 'error', listener: (value: unknown) => void): this;
    once(event: 'unexpected-response', listener: (request: unknown, response: { statusCode: number }) => void): this;
    send(content: string | Buffer, options?: { binary: boolean }): void;
    close(): void;
    terminate(): void;
  }

  export class WebSocketServer {
    constructor(options: { server: Server });
    readonly clients: Set<WebSocket>;
    on(event: 'connection', listener: (socket: WebSocket) => void): this;
  }
}
