import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** How long a condition may stay away before a test gives up; nothing passes or fails by being faster. */
const PATIENCE_MS = 10_000;

/** Waits until `holds`. @param what for the message where it never does */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

/** One end of a TCP connection that a test plays by hand, octet by octet (one character each). */
export class Peer {
  readonly socket: Socket;
  #text = '';
  /** Octets that came, those taken away by {@link read} among them. */
  bytes = 0;
  ended = false;
  closed = false;
  error = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#text += chunk.latin1Slice(0, chunk.length);
    });
    socket.on('end', () => (this.ended = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code ?? error.message));
    socket.on('close', () => (this.closed = true));
  }

  /** What came and was not read yet. */
  get unread(): string {
    return this.#text;
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Sends each octet in a segment of its own, as far as the system lets it. */
  async sendSlowly(text: string): Promise<void> {
    for (const octet of text) {
      this.send(octet);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  end(): void {
    this.socket.end();
  }

  /**
   * Closes with RST; with FIN where something is still being sent, as Node forgets such writes when it resets and then
   * waits for them for ever when the process ends.
   */
  reset(): void {
    const { socket } = this;
    if (socket.writableLength === 0 && !socket.writableEnded) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Takes all up to and including `mark` away. */
  async read(mark: string): Promise<string> {
    await until(
      `${JSON.stringify(mark)} in ${JSON.stringify(this.#text.slice(0, 2000))}`,
      () => this.#text.includes(mark) || this.closed,
    );
    const at = this.#text.indexOf(mark);
    if (at === -1)
      throw new Error(`closed (${this.error}) before ${JSON.stringify(mark)}: ${JSON.stringify(this.#text)}`);
    const taken = this.#text.slice(0, at + mark.length);
    this.#text = this.#text.slice(at + mark.length);
    return taken;
  }

  /** Reads a head. */
  readHead(): Promise<string> {
    return this.read('\r\n\r\n');
  }

  /** Reads exactly that many octets. */
  async readBytes(count: number): Promise<string> {
    await until(`${count} octets, ${this.#text.length} came`, () => this.#text.length >= count || this.closed);
    if (this.#text.length < count) throw new Error(`closed after ${this.#text.length} of ${count} octets`);
    const taken = this.#text.slice(0, count);
    this.#text = this.#text.slice(count);
    return taken;
  }

  /** Reads a whole message whose head has a content-length or none and no content. */
  async readMessage(): Promise<{ readonly head: string; readonly body: string }> {
    const head = await this.readHead();
    const length = /content-length: (\d+)/.exec(head)?.[1] ?? '0';
    return { head, body: await this.readBytes(Number(length)) };
  }

  /** Waits for the other side's FIN. @returns what came before it and was not read */
  async readToEnd(): Promise<string> {
    await until('the end of the stream', () => this.ended || this.closed);
    const rest = this.#text;
    this.#text = '';
    return rest;
  }

  /** Waits until the other side has closed, with FIN or RST, and closes this one. */
  async untilClosed(): Promise<void> {
    await until('the end of the connection', () => this.ended || this.closed);
    this.socket.destroy();
  }
}

/** A server of which a test plays each connection by hand. */
export class ScriptedOrigin {
  readonly #server: Server;
  readonly peers: Peer[] = [];
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.peers.push(new Peer(socket)));
  }

  static async start(): Promise<ScriptedOrigin> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedOrigin(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Has each connection that comes from here on played by `play`. */
  serve(play: (peer: Peer) => void): void {
    this.#server.on('connection', () => play(this.peers[this.peers.length - 1]!));
  }

  /** The next connection that was or will be made. */
  async accept(): Promise<Peer> {
    const index = this.#next++;
    await until(`connection ${index + 1} at the origin`, () => this.peers.length > index);
    return this.peers[index]!;
  }

  /** Connections that the other side has not closed. */
  get open(): number {
    return this.peers.filter((peer) => !peer.ended && !peer.closed).length;
  }

  stop(): void {
    this.#server.close();
    for (const peer of this.peers) peer.socket.destroy();
  }
}

/** Connects to a port of this machine. */
export const dial = async (port: number): Promise<Peer> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const peer = new Peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return peer;
};

/** @returns a port at which nothing listens */
export const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
