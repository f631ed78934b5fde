import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead } from '#http/head.ts';
import { Connection, NOBODY, type ConnectionObserver } from '#transport/connection.ts';
import type { Attempt, Exchange } from '../exchange/exchange.ts';

/**
 * Accepts a CONNECT exchange and serves what is spoken inside of its tunnel, as if it were a connection of its own.
 * Some clients ask a proxy for tunnels even where they speak plain HTTP inside, undici and so Node's `fetch` among them;
 * passed on as bytes, their requests would go past routes and policies.
 *
 * @param begin tells who listens to what is inside
 */
export const serveInside = (exchange: Exchange, begin: (connection: Connection) => ConnectionObserver): void => {
  const inside = new InsideTunnel(exchange);
  exchange.attempt = inside.attempt;
  exchange.downstream.respond(new ResponseHead(200, new Fields(), 0), false);
  // A connection asks no more of its socket than any duplex stream has, but for the addresses, which are the tunnel's.
  const connection = new Connection(inside as unknown as Socket, NOBODY);
  const { remoteAddress, remotePort, localAddress, localPort } = exchange.peer;
  connection.presentAs({
    sourceAddress: remoteAddress,
    sourcePort: remotePort,
    destinationAddress: localAddress,
    destinationPort: localPort,
  });
  connection.observe(begin(connection));
  inside.on('data', (bytes: Buffer) => connection.received(bytes, bytes.length));
  exchange.requestBody?.connect({
    write: (chunk) => inside.push(Buffer.from(chunk)),
    end: () => void inside.push(null),
    abort: () => void inside.destroy(),
  });
};

/** The tunnel of a CONNECT exchange, seen from its end. */
class InsideTunnel extends Duplex {
  readonly #exchange: Exchange;
  /** Waits until the client takes more. */
  #writable: (() => void) | null = null;

  constructor(exchange: Exchange) {
    super({ allowHalfOpen: true, decodeStrings: true });
    this.#exchange = exchange;
  }

  /** What the other side of the tunnel may ask of this one. */
  readonly attempt: Attempt = {
    cancel: () => void this.destroy(),
    pause: () => {}, // whoever writes is told by what a write returns
    resume: () => {
      const writable = this.#writable;
      this.#writable = null;
      writable?.();
    },
  };

  override _read(): void {
    this.#exchange.requestBody?.source.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (this.#exchange.responseSink.write(chunk)) done();
    else this.#writable = done;
  }

  override _final(done: () => void): void {
    this.#exchange.responseSink.end(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#writable = null;
    this.#exchange.attempt = null;
    if (this.#exchange.phase !== 'ended' && !this.writableFinished) {
      this.#exchange.responseSink.abort(new ProxyError('downstream_closed', 'local', 'stream'));
    }
    done(error);
  }
}
