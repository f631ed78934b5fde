import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { ednsOf, CLASSIC_UDP_BYTES } from '#codec/dns/message.ts';
import { BindError } from '#transport/bind.ts';
import { DnsStream, frameDnsMessage } from './dns-stream.ts';
import type { Forwarder } from './forwarder.ts';
import { answerFailure, answerTruncated, answerWith, mayBeOfMesh, readQuestion } from './question.ts';

/** The names of a mesh, as a resolver asks for them. */
export interface MeshNames {
  /**
   * @param name lower case, without the last dot
   * @returns (never rejects) the address of the service; `none` where it is of none; `failed` where that cannot be told now
   */
  addressOf(name: string): Promise<Found>;
}

export type Found = { readonly address: string } | 'none' | 'failed';

export interface ResolverOptions {
  readonly names: MeshNames;
  /** Of all other names. */
  readonly forwarder: Forwarder;
}

/** Questions under way; whoever asks more hears nothing and asks again, as after a lost packet. */
const MAX_QUESTIONS = 1024;
const MAX_CONNECTIONS = 64;
/** As RFC 7766 §6.2.3 wishes it: seconds. */
const CONNECTION_IDLE_MS = 10_000;
/** Tries to find a port that is free for UDP and TCP alike. */
const PORT_TRIES = 10;

/** A name server for one application: it answers for the services of the mesh, and passes all else on. */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #closers: (() => void)[] = [];
  readonly #connections = new Set<Socket>();
  #questions = 0;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /**
   * Answers at an address, over UDP and TCP; at several, where it is called again.
   *
   * @param port 0 lets the system choose
   * @returns the port
   * @throws {BindError} (rejects) where the system refuses
   */
  async open(address: string, port: number): Promise<number> {
    for (let tries = 1; ; tries++) {
      const udp = await bindUdp(address, port);
      const chosen = udp.address().port;
      try {
        const tcp = await bindTcp(address, chosen);
        this.#serve(udp, tcp);
        return chosen;
      } catch (error) {
        udp.close();
        if (port !== 0 || tries === PORT_TRIES) throw error;
      }
    }
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
    for (const connection of this.#connections) connection.destroy();
  }

  #serve(udp: UdpSocket, tcp: Server): void {
    let isOpen = true;
    udp.on('message', (octets, { address, port }) => {
      const reply = (answer: Uint8Array): void => {
        if (isOpen) udp.send(answer, port, address);
      };
      void this.#answer(octets, 'udp', reply);
    });
    // Of an answer that could not be sent: whoever asked asks again.
    udp.on('error', () => {});
    tcp.on('connection', (socket) => this.#accept(socket));
    tcp.on('error', () => {});
    this.#closers.push(() => {
      isOpen = false;
      udp.close();
      tcp.close();
    });
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    const stream = new DnsStream();
    socket.setTimeout(CONNECTION_IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => this.#connections.delete(socket));
    socket.on('data', (piece: Buffer) => {
      for (const octets of stream.take(piece))
        void this.#answer(octets, 'tcp', (answer) => void (socket.writable && socket.write(frameDnsMessage(answer))));
    });
  }

  async #answer(octets: Uint8Array, transport: 'udp' | 'tcp', reply: (answer: Uint8Array) => void): Promise<void> {
    const arrived = readQuestion(octets);
    if (arrived.kind === 'nothing') return;
    if (arrived.kind === 'refused') return reply(arrived.answer);
    if (this.#questions >= MAX_QUESTIONS) return;
    const { query, question } = arrived;
    this.#questions++;
    try {
      const name = question.name.toLowerCase();
      const found = mayBeOfMesh(question) ? await this.#options.names.addressOf(name) : 'none';
      if (found === 'failed') return reply(answerFailure(query));
      if (found !== 'none') return reply(answerWith(query, question, found.address));
      const answer = (await this.#options.forwarder.ask(octets, transport)) ?? answerFailure(query);
      const fits = transport === 'tcp' || answer.length <= (ednsOf(query)?.udpBytes ?? CLASSIC_UDP_BYTES);
      reply(fits ? answer : answerTruncated(query));
    } finally {
      this.#questions--;
    }
  }
}

const bindUdp = (address: string, port: number): Promise<UdpSocket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.close();
      reject(new BindError(address, port, error.code ?? ''));
    };
    socket.once('error', fail);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });

const bindTcp = (address: string, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.maxConnections = MAX_CONNECTIONS;
    const fail = (error: NodeJS.ErrnoException): void => reject(new BindError(address, port, error.code ?? ''));
    server.once('error', fail);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', fail);
      resolve(server);
    });
  });
